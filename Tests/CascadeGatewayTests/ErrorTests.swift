import CascadeJSON
import HTTPTypes
import Testing

@testable import CascadeGateway

/// Every status that is an error, in OpenAI's shape.
@Suite struct ErrorTests {
    private func check(_ answer: Answer, _ status: Int, code: String, sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        #expect(answer.status == status, sourceLocation: sourceLocation)
        #expect(try answer.json().keys == ["error"], sourceLocation: sourceLocation)
        let keys = try answer.json().at("error").keys
        #expect(keys == ["message", "type", "param", "code"], sourceLocation: sourceLocation)
        #expect(try answer.error("code") == .string(code), sourceLocation: sourceLocation)
    }

    @Test func whatIsNotThere() async throws {
        let harness = try Harness()
        try check(try await harness.send(.get, "/v2/models"), 404, code: "unknown_url")
        try check(try await harness.send(.post, "/v1", "{}"), 404, code: "unknown_url")
    }

    @Test(arguments: [("/v1/chat/completions", "POST"), ("/v1/completions", "POST"), ("/tokenize", "POST")])
    func wrongMethodOfWhatTakesABody(_ path: String, _ allow: String) async throws {
        let answer = try await Harness().send(.get, path)
        try check(answer, 405, code: "method_not_allowed")
        #expect(answer.headers[.allow] == allow)
    }

    @Test(arguments: ["/v1/models", "/v1/models/default", "/health", "/ready", "/metrics"])
    func wrongMethodOfWhatIsRead(_ path: String) async throws {
        let answer = try await Harness().send(.delete, path)
        try check(answer, 405, code: "method_not_allowed")
        #expect(answer.headers[.allow] == "GET, HEAD")
    }

    @Test func embeddingsAreRefusedInWords() async throws {
        let answer = try await Harness().send(.post, "/v1/embeddings", #"{"input":"a"}"#)
        try check(answer, 400, code: "unsupported_endpoint")
        #expect(answer.text.contains("Embeddings are not served"))
    }

    @Test func whatIsNotJSON() async throws {
        let harness = try Harness()
        try check(try await harness.send(.post, "/v1/completions", "{"), 400, code: "invalid_json")
        try check(try await harness.send(.post, "/v1/completions", ""), 400, code: "invalid_json")
        let form = try await harness.send(.post, "/v1/completions", "a=b", headers: [.contentType: "text/plain"])
        try check(form, 415, code: "unsupported_media_type")
        let typed = try await harness.send(
            .post,
            "/v1/completions",
            #"{"prompt":"a"}"#,
            headers: [.contentType: "Application/JSON; charset=utf-8"]
        )
        #expect(typed.status == 200)
    }

    @Test func bodiesThatAreTooLarge() async throws {
        let harness = try Harness { $0.mostBodyBytes = 100 }
        let body = #"{"prompt":"\#(String(repeating: "a", count: 100))"}"#
        try check(try await harness.send(.post, "/v1/completions", body), 413, code: "request_too_large")
        #expect(try await harness.send(.post, "/v1/completions", #"{"prompt":"a"}"#).status == 200)
    }

    @Test func parametersAreNamed() async throws {
        let answer = try await Harness().chat(#""temperature":9"#)
        try check(answer, 400, code: "invalid_value")
        #expect(try answer.error("param") == "temperature")
        #expect(try answer.error("type") == "invalid_request_error")
        let missing = try await Harness().send(.post, "/v1/chat/completions", "{}")
        try check(missing, 400, code: "missing_required_parameter")
        #expect(try missing.error("param") == "messages")
        let tools = try await Harness().chat(#""functions":[{"name":"f"}]"#)
        try check(tools, 400, code: "unsupported_parameter")
    }

    /// What a backend's error looks like to a client.
    @Test(
        arguments: [
            (BackendError.unknownModel("a", known: ["b"]), 404, "model_not_found", nil),
            (.badParameter("cascade.alpha", message: "is wrong"), 400, "invalid_value", nil),
            (.unknownJob("0123456789abcdef"), 404, "job_not_found", nil),
            (.contextExceeded(message: "too long"), 400, "context_length_exceeded", nil),
            (.queueFull(retryAfter: 3), 429, "queue_full", "3"),
            (.ownerLimit(message: "enough", retryAfter: 0), 429, "rate_limit_exceeded", "1"),
            (.notReady(message: "no expert"), 503, "not_ready", "5"), (.unreachable, 503, "unreachable", "5"),
            (.shuttingDown, 503, "shutting_down", "5"), (.deadline(message: "late"), 504, "deadline_exceeded", nil),
            (.cancelled, 409, "cancelled", nil), (.forbidden(message: "no"), 403, "forbidden", nil),
            (.notSupported("no tokens"), 501, "not_supported", nil), (.internal("secret"), 500, "internal_error", nil),
        ] as [(BackendError, Int, String, String?)]
    )
    func errorsOfTheBackend(_ error: BackendError, _ status: Int, _ code: String, _ retryAfter: String?) async throws {
        let backend = FakeBackend { _, _ in throw error }
        for fields in ["", #""stream":true"#] {
            let answer = try await Harness(backend).chat(fields)
            try check(answer, status, code: code)
            #expect(answer.headers[.retryAfter] == retryAfter)
            #expect(!answer.text.contains("secret"))
        }
    }

    @Test func theParameterThatIsTooLong() async throws {
        let backend = FakeBackend { _, _ in throw BackendError.contextExceeded(message: "too long") }
        #expect(try await Harness(backend).chat().error("param") == "messages")
        #expect(try await Harness(backend).complete().error("param") == "prompt")
    }

    /// Errors that nobody foresaw say nothing.
    @Test func unforeseenErrors() async throws {
        struct Surprise: Error { let path = "/etc/secret" }
        let answer = try await Harness(FakeBackend { _, _ in throw Surprise() }).chat()
        try check(answer, 500, code: "internal_error")
        #expect(!answer.text.contains("secret") && !answer.text.contains("Surprise"))
    }
}
