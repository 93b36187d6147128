import CascadeCore
import CascadeJSON
import HTTPTypes
import Testing

@testable import CascadeGateway

/// `/v1/responses`: OpenAI's newer requests, answers and events.
@Suite struct ResponsesTests {
    private func ask(_ harness: Harness, _ fields: String) async throws -> Answer {
        try await harness.send(.post, "/v1/responses", "{\(fields)}")
    }

    @Test func wholeAnswers() async throws {
        let backend = FakeBackend()
        let answer = try await ask(
            try Harness(backend),
            #""input":"Hi","instructions":"Be brief","max_output_tokens":5,"metadata":{"a":"b"},"store":true"#
        )
        let json = try answer.json()
        #expect(answer.status == 200)
        #expect(json.at("object") == "response" && json.at("status") == "completed" && json.at("error") == .null)
        #expect(json.at("store") == false && json.at("instructions") == "Be brief")
        #expect(json.at("metadata") == ["a": "b"] && json.at("max_output_tokens") == .number("5"))
        #expect(json.at("output", 0, "content", 0, "text") == "Hello, world")
        #expect(json.at("output", 0, "status") == "completed")
        #expect(json.at("usage", "input_tokens") == .number("7"))
        #expect(json.at("usage", "total_tokens") == .number("10"))
        #expect(json.at("usage", "output_tokens_details", "reasoning_tokens") == .number("0"))
        #expect(json.at("cascade", "rule") == "lossless")
        let messages: [ChatMessage] = [.init(role: .system, content: "Be brief"), .init(role: .user, content: "Hi")]
        #expect(backend.requests.first?.prompt == .chat(.init(messages: messages)))
        #expect(backend.requests.first?.maxTokens == 5)
    }

    @Test func streams() async throws {
        let events = try await ask(try Harness(), #""input":"Hi","stream":true"#).namedEvents()
        #expect(
            events.types == [
                "response.created", "response.in_progress", "response.output_item.added",
                "response.content_part.added", "response.output_text.delta", "response.output_text.delta",
                "response.output_text.delta", "response.output_text.done", "response.content_part.done",
                "response.output_item.done", "response.completed",
            ]
        )
        #expect(events.map { $0.at("sequence_number") } == events.indices.map { .number("\($0)") })
        #expect(events[0].at("response", "status") == "in_progress" && events[0].at("response", "usage") == .null)
        #expect(events[6].at("delta") == " world")
        #expect(events[7].at("text") == "Hello, world")
        let last = try #require(events.last).at("response")
        #expect(last.at("status") == "completed" && last.at("usage", "output_tokens") == .number("3"))
        #expect(last.at("output", 0) == events[9].at("item"))
        #expect(last.at("cascade", "relaxed") == .number("1"))
        #expect(Set(events[4...6].map { $0.at("item_id").text }).count == 1)
    }

    @Test func itemsOfAnInput() async throws {
        let backend = FakeBackend()
        let answer = try await ask(
            try Harness(backend),
            #"""
            "input":[{"role":"developer","content":"d"},
            {"type":"message","role":"user","content":[
            {"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
            {"type":"reasoning","summary":[]},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"c"}]},
            {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},
            {"type":"function_call","call_id":"2","name":"g","arguments":"{ }"},
            {"type":"function_call_output","call_id":"1","output":"x"},
            {"type":"function_call_output","call_id":"2","output":[{"type":"input_text","text":"y"}]}]
            """#
        )
        #expect(answer.status == 200)
        let calls: [ChatMessage.ToolCall] = [
            .init(id: "1", name: "f", arguments: "{}"), .init(id: "2", name: "g", arguments: "{ }"),
        ]
        let messages: [ChatMessage] = [
            .init(role: .developer, content: "d"), .init(role: .user, content: "a\nb"),
            .init(role: .assistant, content: "c", toolCalls: calls),
            .init(role: .tool, content: "x", toolCallID: "1"), .init(role: .tool, content: "y", toolCallID: "2"),
        ]
        #expect(backend.requests.first?.prompt == .chat(.init(messages: messages)))
    }

    @Test(arguments: [
        ("\"stream\":false", "input"), (#""input":[]"#, "input"), (#""input":7"#, "input"),
        (#""input":"a","previous_response_id":"r""#, "previous_response_id"),
        (#""input":"a","conversation":{"id":"c"}"#, "conversation"), (#""input":"a","background":true"#, "background"),
        (#""input":"a","truncation":"auto""#, "truncation"), (#""input":"a","tools":[{"type":"web_search"}]"#, "tools"),
        (#""input":"a","tool_choice":"required""#, "tool_choice"),
        (#""input":"a","text":{"format":{"type":"json_object"}}"#, "text.format.type"),
        (#""input":"a","include":["message.output_text.logprobs"]"#, "include[0]"),
        (#""input":"a","max_output_tokens":0"#, "max_output_tokens"),
        (#""input":[{"type":"item_reference","id":"a"}]"#, "input[0].type"),
        (#""input":[{"role":"user","content":[{"type":"input_image"}]}]"#, "input[0].content[0].type"),
    ])
    func whatMakesNoSense(_ body: String, _ path: String) async throws {
        let answer = try await ask(try Harness(), body)
        #expect(answer.status == 400)
        #expect(try answer.error("param") == .string(path))
    }

    @Test func anErrorInMidStream() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            FakeBackend.tokens(["a"], request, continuation)
            throw BackendError.notReady(message: "the expert left")
        }
        let events = try await ask(try Harness(backend), #""input":"Hi","stream":true"#).namedEvents()
        let last = try #require(events.last)
        #expect(last.at("type") == "response.failed" && last.at("response", "status") == "failed")
        #expect(last.at("response", "error") == ["code": "server_error", "message": "the expert left"])
        #expect(last.at("response", "output", 0, "content", 0, "text") == "a")
    }

    @Test func aPromptThatIsTooLong() async throws {
        let backend = FakeBackend { _, _ in throw BackendError.contextExceeded(message: "too long") }
        let answer = try await ask(try Harness(backend), #""input":"Hi""#)
        #expect(answer.status == 400)
        #expect(try answer.error("param") == "input")
        #expect(try answer.error("code") == "context_length_exceeded")
    }

    @Test func answersThatAreCutOff() async throws {
        let backend = FakeBackend { request, continuation in
            FakeBackend.accept(request, continuation)
            FakeBackend.tokens(["a"], request, continuation)
            let finished = FinishedCompletion(
                reason: .length,
                promptTokens: 7,
                completionTokens: 1,
                seed: 1,
                rule: RuleSettings(rule: .lossless),
                draftLength: .adaptive,
                counts: SpeculationCounts()
            )
            continuation.yield(.finished(finished))
        }
        let json = try await ask(try Harness(backend), #""input":"Hi","max_output_tokens":1"#).json()
        #expect(json.at("status") == "incomplete")
        #expect(json.at("incomplete_details") == ["reason": "max_output_tokens"])
        let events = try await ask(try Harness(backend), #""input":"Hi","stream":true"#).namedEvents()
        #expect(events.last?.at("type") == "response.incomplete")
    }
}
