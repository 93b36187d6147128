import CascadeCore
import CascadeJSON
import HTTPTypes
import Testing

@testable import CascadeGateway

/// Whole answers of both routes.
@Suite struct AnswerTests {
    @Test func aChat() async throws {
        let backend = FakeBackend()
        let answer = try await Harness(backend).chat(
            #""seed":5,"cascade":{"rule":"token-v3","num_speculative_tokens":3}"#
        )
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "application/json")
        let json = try answer.json()
        #expect(
            json.keys == ["id", "object", "created", "model", "choices", "usage", "cascade", "metrics"]
        )
        #expect(json.at("object") == "chat.completion")
        #expect(json.at("model") == "default")
        #expect(json.at("choices", 0, "index") == .number("0"))
        #expect(json.at("choices", 0, "message") == ["role": "assistant", "content": "Hello, world", "refusal": .null])
        #expect(json.at("choices", 0, "finish_reason") == "stop")
        #expect(json.at("choices", 0, "logprobs") == .null)
        #expect(
            json.at("usage")
                == ["prompt_tokens": .number("7"), "completion_tokens": .number("3"), "total_tokens": .number("10")]
        )
        #expect(backend.requests.map(\.seed) == [5])
        #expect(backend.cancelled == 0 && backend.running == 0)
    }

    /// The committed example of the blocks that every answer has.
    @Test func theBlocksOfSpeculation() async throws {
        let json = try await Harness().chat(#""seed":5,"cascade":{"rule":"token-v3","num_speculative_tokens":3}"#)
            .json()
        #expect(
            json.at("cascade").text == #"{"rule":"token-v3","alpha":0.3,"verify_method":"rejection","#
                + #""num_speculative_tokens":3,"seed":5,"jobs":["00000000000000a0"],"drafted":6,"matched":2,"kept":1,"#
                + #""deferred":3,"recovered":1,"bonus":1,"discarded":2,"relaxed":1,"unruled_positions":1,"#
                + #""expert_passes":2,"draft_sources":{"model":6,"lookup":0},"synthetic":false}"#
        )
        #expect(
            json.at("metrics").text == #"{"speculative_decoding":{"mean_acceptance_length":2.5,"#
                + #""draft_acceptance_rate":0.5,"num_spec_steps":2,"num_draft_tokens":6,"num_accepted_draft_tokens":3,"#
                + #""acceptance_histogram":[0,1,1]}}"#
        )
    }

    @Test func severalSamples() async throws {
        let backend = FakeBackend { request, continuation in
            // The last is the first to answer.
            try await Task.sleep(for: .milliseconds(20 * (3 - request.sample)))
            FakeBackend.say(["sample \(request.sample)"], request, continuation)
        }
        let json = try await Harness(backend).chat(#""n":3"#).json()
        for sample in 0..<3 {
            #expect(json.at("choices", sample, "message", "content") == .string("sample \(sample)"))
        }
        // The prompt counts once.
        #expect(json.at("usage", "prompt_tokens") == .number("7"))
        #expect(json.at("usage", "completion_tokens") == .number("3"))
        #expect(json.at("cascade", "drafted") == .number("18"))
        #expect(json.at("metrics", "speculative_decoding", "acceptance_histogram").text == "[0,3,3]")
        #expect(Set(backend.requests.map(\.sample)) == [0, 1, 2])
    }

    @Test func aText() async throws {
        let json = try await Harness().complete().json()
        #expect(json.at("object") == "text_completion")
        #expect(json.at("choices", 0, "text") == "Hello, world")
        #expect(json.at("choices", 0, "finish_reason") == "stop")
    }

    @Test func severalPrompts() async throws {
        let backend = FakeBackend { request, continuation in
            guard case .text(let bytes) = request.prompt else { throw BackendError.notSupported("tokens") }
            FakeBackend.say([String(decoding: bytes, as: UTF8.self) + "\(request.sample)"], request, continuation)
        }
        let json = try await Harness(backend)
            .send(.post, "/v1/completions", #"{"prompt":["a","b"],"n":2}"#).json()
        #expect((0..<4).map { json.at("choices", $0, "text") } == ["a0", "a1", "b0", "b1"])
        // Two prompts, each counted once.
        #expect(json.at("usage", "prompt_tokens") == .number("14"))
    }

    @Test func logprobsOfAChat() async throws {
        let json = try await Harness().chat(#""logprobs":true,"top_logprobs":2"#).json()
        let first = json.at("choices", 0, "logprobs", "content", 0)
        #expect(first.keys == ["token", "logprob", "bytes", "top_logprobs"])
        #expect(first.at("token") == "Hello")
        #expect(first.at("logprob") == .number("-0.25"))
        #expect(first.at("bytes").text == "[72,101,108,108,111]")
        #expect(first.at("top_logprobs", 1) == ["token": "!", "logprob": .number("-2.0"), "bytes": [.number("33")]])
        #expect(json.at("choices", 0, "logprobs", "content", 2, "token") == " world")
        #expect(json.at("choices", 0, "logprobs", "refusal") == .null)
        let chosen = try await Harness().chat(#""logprobs":true"#).json()
        #expect(chosen.at("choices", 0, "logprobs", "content", 0, "top_logprobs") == [])
    }

    @Test func logprobsOfAText() async throws {
        let json = try await Harness().complete(#""logprobs":2"#).json()
        let block = json.at("choices", 0, "logprobs")
        #expect(block.keys == ["text_offset", "token_logprobs", "tokens", "top_logprobs"])
        #expect(block.at("tokens").text == #"["Hello",","," world"]"#)
        #expect(block.at("text_offset").text == "[0,5,6]")
        #expect(block.at("token_logprobs").text == "[-0.25,-0.25,-0.25]")
        #expect(block.at("top_logprobs", 1).text == #"{",":-0.25,"!":-2.0}"#)
    }

    /// A token that could not be has no logarithm that JSON can say.
    @Test func theLogarithmOfNothing() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            let piece = TokenPiece(id: 1, bytes: [97])
            let token = EmittedToken(piece: piece, origin: .kept, logprob: -.infinity)
            continuation.yield(.tokens(.init(text: [97], tokens: [token])))
            FakeBackend.finish(1, request, continuation)
        }
        let json = try await Harness(backend).chat(#""logprobs":true,"cascade":{"tokens":true}"#).json()
        #expect(json.at("choices", 0, "logprobs", "content", 0, "logprob") == .number("-9999.0"))
        #expect(json.at("choices", 0, "cascade", "tokens", 0).text == #"{"id":1,"text":"a","origin":"kept"}"#)
    }

    @Test func modelsAndTheirNames() async throws {
        let model = ServedModel(
            id: "org/code pool",
            rule: "token-v3",
            alpha: 0.3,
            drafter: "small",
            expert: "large",
            contextLength: 2_048
        )
        let harness = try Harness(FakeBackend(served: [model, .init(id: "other", rule: "lossless")]))
        let list = try await harness.send(.get, "/v1/models").json()
        #expect(list.at("object") == "list")
        #expect(list.at("data", 0, "id") == "org/code pool")
        #expect(list.at("data", 0, "max_model_len") == .number("2048"))
        #expect(
            list.at("data", 0, "cascade").text
                == #"{"rule":"token-v3","alpha":0.3,"drafter":"small","expert":"large"}"#
        )
        let one = try await harness.send(.get, "/v1/models/org/code%20pool")
        #expect(try one.json() == list.at("data", 0))
        let none = try await harness.send(.get, "/v1/models/nobody")
        #expect(none.status == 404)
        #expect(try none.error("code") == "model_not_found")
        #expect(none.text.contains("'org/code pool', 'other'"))
    }

    @Test func tokensAndText() async throws {
        let harness = try Harness()
        let tokens = try await harness.send(.post, "/tokenize", #"{"prompt":"ab","return_token_strs":true}"#).json()
        #expect(tokens.text == #"{"count":2,"tokens":[97,98],"token_strs":["a","b"]}"#)
        let text = try await harness.send(.post, "/detokenize", #"{"tokens":[97,98]}"#).json()
        #expect(text == ["prompt": "ab"])
        let chat = try await harness.send(.post, "/tokenize", #"{"messages":[{"role":"user","content":"a"}]}"#)
        #expect(chat.status == 501)
        #expect(try chat.error("code") == "not_supported")
        let wrong = try await harness.send(.post, "/detokenize", #"{"tokens":[300]}"#)
        #expect(wrong.status == 400)
        #expect(try wrong.error("param") == "tokens")
        #expect(try await harness.send(.post, "/detokenize", #"{"tokens":["a"]}"#).error("param") == "tokens[0]")
    }

    @Test func healthAndReadiness() async throws {
        let ready = try Harness()
        #expect(try await ready.send(.get, "/health").text == #"{"status":"ok"}"#)
        #expect(try await ready.send(.get, "/ready").status == 200)
        let unready = try await Harness(FakeBackend(isReady: false)).send(.get, "/ready")
        #expect(unready.status == 503)
        #expect(try unready.json().at("note") == "pool default has no expert")
    }

    @Test func headHasTheHeadersOnly() async throws {
        let answer = try await Harness().send(.head, "/health/")
        #expect(answer.status == 200)
        #expect(answer.text.isEmpty)
        #expect(answer.headers[.contentLength] == "15")
    }
}
