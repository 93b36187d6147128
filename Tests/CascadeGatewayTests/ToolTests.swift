import CascadeCore
import CascadeJSON
import Testing

@testable import CascadeGateway

/// Tools that a chat offers, what the model makes of them, and reasoning.
struct ToolTests {
    private static let tools = #""tools":[{"type":"function","function":{"name":"add","parameters":{"b":1,"a":2}}}]"#

    private static func model(_ words: String...) -> FakeBackend {
        FakeBackend { FakeBackend.say(words, $0, $1) }
    }

    private static let calling = [
        "I add.", "\n<tool", "_call>\n{\"name\": \"add\",", " \"arguments\": {\"a\": 1}}\n</tool_call>",
        "\n<tool_call>{\"name\":\"add\",\"arguments\":{}}</tool_call>",
    ]

    private func backend() -> FakeBackend { FakeBackend { FakeBackend.say(Self.calling, $0, $1) } }

    @Test func theTemplateIsGivenTheTools() async throws {
        let backend = FakeBackend()
        _ = try await Harness(backend).chat(Self.tools)
        _ = try await Harness(backend).chat(Self.tools + #","tool_choice":"none""#)
        let offered = backend.requests.map { request -> String? in
            guard case .chat(let chat) = request.prompt else { return "no chat" }
            return chat.toolsJSON
        }
        // In the client's own order of keys.
        #expect(offered[0]?.contains(#""parameters":{"b":1,"a":2}"#) == true)
        #expect(offered[1] == nil)
    }

    @Test func calls() async throws {
        let choice = try await Harness(backend()).chat(Self.tools).json().at("choices", 0)
        #expect(choice.at("finish_reason") == "tool_calls")
        #expect(choice.at("message", "content") == "I add.")
        let calls = choice.at("message", "tool_calls")
        #expect(calls.at(0, "function") == ["name": "add", "arguments": #"{"a":1}"#])
        #expect(calls.at(1, "function", "arguments") == "{}")
        #expect(calls.at(0, "type") == "function")
        #expect(calls.at(0, "id") != calls.at(1, "id"))
        #expect(calls.at(2) == .null)
    }

    @Test func callsInAStream() async throws {
        let chunks = try await Harness(backend()).chat(Self.tools + #","stream":true"#).chunks()
        let deltas = chunks.map { $0.at("choices", 0, "delta") }
        let text = deltas.compactMap { delta -> String? in
            if case .string(let text) = delta.at("content") { text } else { nil }
        }
        #expect(text.joined() == "I add.")
        let calls = deltas.map { $0.at("tool_calls", 0) }.filter { $0 != .null }
        #expect(calls.map { $0.at("index") } == [.number("0"), .number("1")])
        #expect(calls.map { $0.at("function", "name") } == ["add", "add"])
        #expect(chunks.last?.at("choices", 0, "finish_reason") == "tool_calls")
        #expect(chunks.dropLast().allSatisfy { $0.at("choices", 0, "finish_reason") == .null })
    }

    @Test func oneCallWhereMoreAreNotWanted() async throws {
        let fields = Self.tools + #","parallel_tool_calls":false"#
        let whole = try await Harness(backend()).chat(fields).json()
        #expect(whole.at("choices", 0, "message", "tool_calls", 0, "function", "name") == "add")
        #expect(whole.at("choices", 0, "message", "tool_calls", 1) == .null)
        let chunks = try await Harness(backend()).chat(fields + #","stream":true"#).chunks()
        #expect(chunks.count { $0.at("choices", 0, "delta", "tool_calls") != .null } == 1)
    }

    /// A tool that has to be called is the form of the answer, with the definitions where references look for them.
    @Test func toolsThatHaveToBeCalled() async throws {
        let backend = FakeBackend { FakeBackend.say([#"{"name":"add","arguments":{"a":1}}"#], $0, $1) }
        let add = #"{"type":"function","function":{"name":"add","parameters":{"type":"object","$defs":{"n":{}}}}}"#
        let other = #"{"type":"function","function":{"name":"other"}}"#
        for choice in [#""required""#, #"{"type":"function","function":{"name":"add"}}"#] {
            let fields = #""tools":[\#(add),\#(other)],"tool_choice":\#(choice)"#
            let answer = try await Harness(backend).chat(fields).json().at("choices", 0)
            #expect(answer.at("finish_reason") == "tool_calls")
            #expect(answer.at("message", "tool_calls", 0, "function", "arguments") == #"{"a":1}"#)
        }
        let call =
            #"{"type":"object","properties":{"name":{"const":"add"},"arguments":{"type":"object"}},"#
            + #""required":["name","arguments"],"additionalProperties":false"#
        #expect(backend.requests[1].constraint == .jsonSchema(call + #","$defs":{"n":{}}}"#))
        guard case .jsonSchema(let schema)? = backend.requests[0].constraint else {
            Issue.record("no constraint")
            return
        }
        #expect(schema.hasPrefix(#"{"anyOf":["# + call + "},{"))
        #expect(schema.hasSuffix(#"],"$defs":{"n":{}}}"#))
    }

    @Test func aCallAloneHasNoContent() async throws {
        let backend = Self.model(#"<tool_call>{"name":"add"}"#, "</tool_call>")
        let message = try await Harness(backend).chat(Self.tools).json().at("choices", 0, "message")
        #expect(message.at("content") == .null)
        #expect(message.at("tool_calls", 0, "function") == ["name": "add", "arguments": "{}"])
    }

    /// Without tools on offer nothing is taken for a call.
    @Test func withoutToolsItIsText() async throws {
        let choice = try await Harness(backend()).chat().json().at("choices", 0)
        #expect(choice.at("message", "content") == .string(Self.calling.joined()))
        #expect(choice.at("finish_reason") == "stop")
        let text = try await Harness(backend()).complete(Self.tools).json().at("choices", 0)
        #expect(text.at("text") == .string(Self.calling.joined()))
    }

    @Test func reasoning() async throws {
        let backend = Self.model("<thi", "nk>\nhm", "m\n</think>\n\n", "42")
        let message = try await Harness(backend).chat().json().at("choices", 0, "message")
        #expect(message.at("reasoning_content") == "\nhmm\n")
        #expect(message.at("content") == "42")
        let chunks = try await Harness(backend).chat(#""stream":true"#).chunks()
        let told = chunks.compactMap { chunk -> String? in
            guard case .string(let text) = chunk.at("choices", 0, "delta", "reasoning_content") else { return nil }
            return text
        }
        #expect(told.joined() == "\nhmm\n")
        let plain = try await Harness(backend).chat(#""include_reasoning":false"#).json()
        #expect(plain.at("choices", 0, "message", "content") == "<think>\nhmm\n</think>\n\n42")
        #expect(plain.at("choices", 0, "message", "reasoning_content") == .null)
    }
}
