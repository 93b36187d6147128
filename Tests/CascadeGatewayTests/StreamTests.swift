import CascadeCore
import CascadeJSON
import Foundation
import HTTPTypes
import Testing

@testable import CascadeGateway

/// Streams: the events, and how they end.
@Suite struct StreamTests {
    @Test func aChat() async throws {
        let answer = try await Harness().chat(#""stream":true"#)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentType] == "text/event-stream; charset=utf-8")
        #expect(answer.headers[.cacheControl] == "no-cache")
        let chunks = try answer.chunks()
        #expect(chunks.count == 5)
        #expect(chunks[0].at("choices", 0, "delta") == ["role": "assistant", "content": ""])
        #expect(chunks[1...3].map { $0.at("choices", 0, "delta", "content") } == ["Hello", ",", " world"])
        #expect(chunks[4].at("choices", 0, "delta") == [:])
        #expect(chunks.map { $0.at("choices", 0, "finish_reason") } == [.null, .null, .null, .null, "stop"])
        #expect(chunks.allSatisfy { $0.at("object") == "chat.completion.chunk" && $0.at("model") == "default" })
        #expect(Set(chunks.map { $0.at("id").text }).count == 1)
        // Nobody asked for the usage: the last chunk says what speculation did.
        #expect(chunks.allSatisfy { !$0.keys.contains("usage") })
        #expect(chunks[4].at("cascade", "rule") == "lossless")
        #expect(chunks[4].keys.contains("metrics") && !chunks[3].keys.contains("cascade"))
    }

    @Test func usageAtTheEnd() async throws {
        let chunks = try await Harness().chat(#""stream":true,"stream_options":{"include_usage":true}"#).chunks()
        let last = try #require(chunks.last)
        #expect(last.at("choices") == [])
        #expect(last.at("usage", "total_tokens") == .number("10"))
        #expect(last.at("cascade", "drafted") == .number("6"))
        #expect(last.at("metrics", "speculative_decoding", "num_draft_tokens") == .number("6"))
        #expect(chunks.dropLast().allSatisfy { $0.keys.contains("usage") && $0.at("usage") == .null })
        #expect(chunks.dropLast().allSatisfy { !$0.keys.contains("cascade") })
    }

    @Test func aText() async throws {
        let chunks = try await Harness().complete(#""stream":true,"logprobs":1"#).chunks()
        #expect(chunks.map { $0.at("choices", 0, "text") } == ["Hello", ",", " world", ""])
        #expect(chunks.allSatisfy { $0.at("object") == "text_completion" })
        // Offsets go on from chunk to chunk.
        #expect(chunks[1].at("choices", 0, "logprobs", "text_offset").text == "[5]")
        #expect(chunks[2].at("choices", 0, "logprobs", "text_offset").text == "[6]")
    }

    @Test func severalSamples() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.say(["\(request.sample)", "\(request.sample)"], request, continuation)
        }
        let chunks = try await Harness(backend).chat(#""stream":true,"n":3"#).chunks()
        for sample in 0..<3 {
            let own = chunks.filter { $0.at("choices", 0, "index") == .integer(sample) }
            #expect(own.count == 4)
            #expect(
                own[1...2].map { $0.at("choices", 0, "delta", "content") }
                    == ["\(sample)", "\(sample)"].map(JSONValue.string)
            )
        }
        // What speculation did is told once, for all.
        #expect(chunks.map { $0.keys.contains("cascade") }.filter(\.self).count == 1)
        #expect(chunks.last?.at("cascade", "drafted") == .number("18"))
    }

    @Test func originsAndLogprobs() async throws {
        let chunks = try await Harness().chat(#""stream":true,"logprobs":true,"cascade":{"tokens":true}"#).chunks()
        #expect(chunks[1].at("choices", 0, "logprobs", "content", 0, "token") == "Hello")
        #expect(chunks[1].at("choices", 0, "cascade", "tokens", 0, "origin") == "matched")
    }

    /// Bytes come as tokens have them: a delta may end within a character, and the rest comes with the next.
    @Test func charactersStayWhole() async throws {
        let text = "aé€😀\u{FFFD}z"
        for size in 1...3 {
            let backend = FakeBackend { request, continuation in
                FakeBackend.accept(request, continuation)
                var bytes = Array(text.utf8)[...]
                while !bytes.isEmpty {
                    continuation.yield(.tokens(.init(text: Array(bytes.prefix(size)), tokens: [])))
                    bytes = bytes.dropFirst(size)
                }
                // Half a character at the end is left out.
                continuation.yield(.tokens(.init(text: [0xF0, 0x9F], tokens: [])))
                FakeBackend.finish(1, request, continuation)
            }
            let chunks = try await Harness(backend).chat(#""stream":true"#).chunks()
            let deltas = chunks.compactMap { chunk -> String? in
                guard case .string(let text) = chunk.at("choices", 0, "delta", "content") else { return nil }
                return text
            }
            #expect(deltas.joined() == text)
            let whole = try await Harness(backend).chat().json()
            #expect(whole.at("choices", 0, "message", "content") == .string(text))
        }
    }

    @Test func bytesThatAreNoCharacter() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            continuation.yield(.tokens(.init(text: [97, 0xFF, 98], tokens: [])))
            FakeBackend.finish(1, request, continuation)
        }
        let json = try await Harness(backend).chat().json()
        #expect(json.at("choices", 0, "message", "content") == "a\u{FFFD}b")
    }

    /// A refusal has a status of its own, and is no stream.
    @Test func refusedBeforeItBegins() async throws {
        let answer = try await Harness().send(
            .post,
            "/v1/chat/completions",
            #"{"model":"nobody","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#
        )
        #expect(answer.status == 404)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(try answer.error("message") == "There is no model 'nobody'. There is: 'default'.")
    }

    /// An error behind the first event is an event, and `[DONE]` does not follow it.
    @Test func failsInTheMiddle() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            FakeBackend.tokens(["a"], request, continuation)
            throw BackendError.internal("expert-7 at 10.0.0.7 died")
        }
        let answer = try await Harness(backend).chat(#""stream":true"#)
        #expect(answer.status == 200)
        let last = try #require(try answer.events().last)
        let error = try JSONParser.parse(Array(last.utf8))
        #expect(error.at("error", "code") == "internal_error")
        #expect(error.keys == ["error"])
        #expect(!answer.text.contains("[DONE]") && !answer.text.contains("10.0.0.7"))
        #expect(answer.text.contains(#""content":"a""#))
    }

    @Test func aStreamWithoutAnEnd() async throws {
        let backend = FakeBackend { request, continuation in FakeBackend.accept(request, continuation) }
        let answer = try await Harness(backend).chat(#""stream":true"#)
        #expect(answer.text.contains("internal_error") && !answer.text.contains("[DONE]"))
        #expect(try await Harness(backend).chat().status == 500)
    }

    /// When one of several samples fails, the others are cancelled.
    @Test func oneOfSeveralFails() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            if request.sample == 1 { throw BackendError.notReady(message: "no expert") }
            try await Task.sleep(for: .seconds(600))
        }
        let answer = try await Harness(backend).chat(#""n":3"#)
        #expect(answer.status == 503)
        #expect(try answer.error("code") == "not_ready")
        while backend.running > 0 { await Task.yield() }
        #expect(backend.cancelled == 2)
    }

    @Test func commentsWhileNothingComes() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            continuation.yield(.reading(done: 1, total: 2))
            try await Task.sleep(for: .milliseconds(120))
            FakeBackend.tokens(["a"], request, continuation)
            FakeBackend.finish(1, request, continuation)
        }
        let answer = try await Harness(backend, { $0.pingInterval = .milliseconds(20) }).chat(#""stream":true"#)
        #expect(answer.text.components(separatedBy: ": ping\n\n").count > 2)
        #expect(try answer.chunks().count == 3)
    }
}
