import CascadeCore
import CascadeJSON
import HTTPTypes
import Testing

@testable import CascadeGateway

/// `/v1/messages`: Anthropic's requests, answers, events and errors.
@Suite struct MessagesTests {
    private func ask(_ harness: Harness, _ fields: String, headers: HTTPFields = [:]) async throws -> Answer {
        try await harness.send(.post, "/v1/messages", "{\(fields)}", headers: headers)
    }

    private let hi = #""max_tokens":9,"messages":[{"role":"user","content":"Hi"}]"#

    @Test func wholeAnswers() async throws {
        let backend = FakeBackend()
        let answer = try await ask(try Harness(backend), #""model":"default","top_k":5,"temperature":0.5,"# + hi)
        let json = try answer.json()
        #expect(answer.status == 200)
        #expect(json.at("type") == "message" && json.at("role") == "assistant" && json.at("model") == "default")
        #expect(json.at("content") == [["type": "text", "text": "Hello, world"]])
        #expect(json.at("stop_reason") == "end_turn" && json.at("stop_sequence") == .null)
        #expect(json.at("usage") == ["input_tokens": .number("7"), "output_tokens": .number("3")])
        #expect(json.at("cascade", "rule") == "lossless" && json.at("cascade", "relaxed") == .number("1"))
        let request = try #require(backend.requests.first)
        #expect(request.maxTokens == 9 && request.sampling.topK == 5 && request.sampling.temperature == 0.5)
        #expect(request.prompt == .chat(.init(messages: [.init(role: .user, content: "Hi")])))
    }

    @Test func streams() async throws {
        let events = try await ask(try Harness(), #""stream":true,"# + hi).namedEvents()
        #expect(
            events.types == [
                "message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta",
                "content_block_delta", "content_block_stop", "message_delta", "message_stop",
            ]
        )
        #expect(events[0].at("message", "content") == [] && events[0].at("message", "stop_reason") == .null)
        #expect(events[4].at("delta") == ["type": "text_delta", "text": ","])
        #expect(events[7].at("delta") == ["stop_reason": "end_turn", "stop_sequence": .null])
        #expect(events[7].at("usage") == ["input_tokens": .number("7"), "output_tokens": .number("3")])
        #expect(events[7].at("cascade", "rule") == "lossless")
    }

    @Test func theHistoryOfTools() async throws {
        let backend = FakeBackend()
        let answer = try await ask(
            try Harness(backend),
            #"""
            "max_tokens":9,"system":[{"type":"text","text":"Be"},{"type":"text","text":"brief"}],
            "tools":[{"name":"tide"}],"tool_choice":{"type":"none"},
            "messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I look"},
            {"type":"tool_use","id":"t1","name":"tide","input":{"at": "noon", "b":1.50}}]},
            {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"low"}]},
            {"type":"text","text":"And?"}]}]
            """#
        )
        #expect(answer.status == 200)
        let call = ChatMessage.ToolCall(id: "t1", name: "tide", arguments: #"{"at":"noon","b":1.50}"#)
        let messages: [ChatMessage] = [
            .init(role: .system, content: "Be\nbrief"), .init(role: .user, content: "a\nb"),
            .init(role: .assistant, content: "I look", toolCalls: [call]),
            .init(role: .tool, content: "low", toolCallID: "t1"), .init(role: .user, content: "And?"),
        ]
        #expect(backend.requests.first?.prompt == .chat(.init(messages: messages)))
    }

    // MARK: Ends

    /// Says "one two", and would say more but for a stop string that begins in the last token.
    private static let stopped: FakeBackend.Script = { request, continuation in
        FakeBackend.accept(request, continuation)
        FakeBackend.tokens(["one", " two"], request, continuation)
        let token = FakeBackend.token(Array(" three STOP".utf8), logprobs: nil)
        continuation.yield(.tokens(CompletionDelta(text: Array(" three ".utf8), tokens: [token])))
        FakeBackend.finish(3, request, continuation)
    }

    @Test func stopSequencesAreNamed() async throws {
        let backend = FakeBackend(script: Self.stopped)
        let harness = try Harness(backend)
        let body = #""stop_sequences":["no","STO","STOP"],"# + hi
        let json = try await ask(harness, body).json()
        #expect(json.at("stop_reason") == "stop_sequence" && json.at("stop_sequence") == "STOP")
        #expect(json.at("content", 0) == ["type": "text", "text": "one two three "])
        let events = try await ask(harness, #""stream":true,"# + body).namedEvents()
        let end = events.first { $0.at("type") == "message_delta" }
        #expect(end?.at("delta") == ["stop_reason": "stop_sequence", "stop_sequence": "STOP"])
        #expect(backend.requests.allSatisfy { $0.tellsTokens && $0.stop.count == 3 })
        // The same end without the string is the model's own.
        let other = try await ask(harness, #""stop_sequences":["no such"],"# + hi).json()
        #expect(other.at("stop_reason") == "end_turn" && other.at("stop_sequence") == .null)
    }

    @Test(arguments: [(3, "max_tokens"), (9, "model_context_window_exceeded")])
    func limits(_ most: Int, _ reason: String) async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            FakeBackend.tokens(["a", "b", "c"], request, continuation)
            let finished = FinishedCompletion(
                reason: .length,
                promptTokens: 7,
                completionTokens: 3,
                seed: 1,
                rule: RuleSettings(rule: .lossless),
                draftLength: .adaptive,
                counts: SpeculationCounts()
            )
            continuation.yield(.finished(finished))
        }
        let body = #""max_tokens":\#(most),"messages":[{"role":"user","content":"Hi"}]"#
        let json = try await ask(try Harness(backend), body).json()
        #expect(json.at("stop_reason") == .string(reason))
    }

    // MARK: Errors

    @Test(arguments: [
        (#""messages":[{"role":"user","content":"Hi"}]"#, "max_tokens"),
        (#""max_tokens":0,"messages":[{"role":"user","content":"Hi"}]"#, "max_tokens"),
        (#""max_tokens":1"#, "messages"), (#""max_tokens":1,"messages":[]"#, "messages"),
        (#""max_tokens":1,"messages":[{"role":"system","content":"Hi"}]"#, "messages[0].role"),
        (#""max_tokens":1,"messages":[{"role":"user","content":[]}]"#, "messages[0].content"),
        (#""max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]"#, "messages[0].content[0].type"),
        (#""max_tokens":1,"messages":[{"role":"assistant","content":"a"}]"#, "messages[0]"),
        (#""max_tokens":1,"tools":[{"name":"a"}],"messages":[{"role":"user","content":"a"}]"#, "tools"),
        (#""max_tokens":1,"thinking":{"type":"enabled"},"messages":[{"role":"user","content":"a"}]"#, "thinking"),
        (#""max_tokens":1,"stop_sequences":[""],"messages":[{"role":"user","content":"a"}]"#, "stop_sequences[0]"),
        (#""max_tokens":1,"cascade":{"x":1},"messages":[{"role":"user","content":"a"}]"#, "cascade.x"),
    ])
    func whatMakesNoSense(_ body: String, _ path: String) async throws {
        let answer = try await ask(try Harness(), body)
        let json = try answer.json()
        #expect(answer.status == 400)
        #expect(json.keys == ["type", "error", "request_id"] && json.at("type") == "error")
        #expect(json.at("error", "type") == "invalid_request_error")
        guard case .string(let message) = json.at("error", "message") else { throw TooLate() }
        #expect(message.hasPrefix("\(path):"))
        let id = answer.headers[try #require(.init("request-id"))]
        #expect(json.at("request_id") == .optional(id))
    }

    @Test(arguments: [
        (BackendError.queueFull(retryAfter: 3), 429, "rate_limit_error"), (.unreachable, 503, "api_error"),
        (.internal("secret"), 500, "api_error"), (.deadline(message: "late"), 504, "timeout_error"),
        (.forbidden(message: "no"), 403, "permission_error"),
    ])
    func whatTheBackendSays(_ error: BackendError, _ status: Int, _ type: String) async throws {
        for stream in [false, true] {
            let answer = try await ask(try Harness(FakeBackend { _, _ in throw error }), #""stream":\#(stream),"# + hi)
            #expect(answer.status == status)
            #expect(try answer.error("type") == .string(type))
            #expect(!answer.text.contains("secret"))
            #expect((answer.headers[.retryAfter] != nil) == (status == 429 || status == 503))
        }
    }

    @Test func anErrorInMidStream() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            FakeBackend.tokens(["a"], request, continuation)
            throw BackendError.notReady(message: "the expert left")
        }
        let events = try await ask(try Harness(backend), #""stream":true,"# + hi).namedEvents()
        #expect(events.last?.at("type") == "error")
        #expect(events.last?.at("error") == ["type": "api_error", "message": "the expert left"])
        #expect(!events.types.contains("message_stop"))
    }

    @Test func otherErrorsOfItsPath() async throws {
        let answer = try await Harness().send(.get, "/v1/messages")
        #expect(answer.status == 405 && answer.headers[.allow] == "POST")
        #expect(try answer.error("type") == "invalid_request_error")
    }

    // MARK: Tokens

    @Test func tokensAreCounted() async throws {
        let body = #"{"messages":[{"role":"user","content":"Hi"}]}"#
        let refused = try await Harness().send(.post, "/v1/messages/count_tokens", body)
        // The stand-in has no templates.
        #expect(refused.status == 501)
        #expect(try refused.error("message") == "chats are not tokenized")
    }

    @Test func tokensAreTold() async throws {
        let answer = try await ask(try Harness(), #""cascade":{"tokens":true},"# + hi)
        let tokens = try answer.json().at("content", 0, "cascade", "tokens")
        #expect(tokens.at(0, "origin") == "matched" && tokens.at(2, "text") == " world")
    }
}
