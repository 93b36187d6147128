import CascadeCore
import Testing

@testable import CascadeGateway

/// An answer is taken apart in the same way however it is cut into pieces.
struct OutputParserTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let parts: [OutputPart]
        var tools: Set<String> = ["a", "b", "add"]
        var testDescription: String { text }
    }

    private static let cases = [
        Case(text: "", parts: []),
        Case(text: "plain text\n", parts: [.content("plain text\n")]),
        Case(text: "  \n", parts: [.content("  \n")]),
        Case(text: "<think>so</think>\n\nyes", parts: [.reasoning("so"), .content("yes")]),
        Case(text: "\n<think>\nso < 3\n</think>", parts: [.reasoning("\nso < 3\n")]),
        Case(text: "<think>never closed", parts: [.reasoning("never closed")]),
        Case(text: "no <think>tag</think> here", parts: [.content("no <think>tag</think> here")]),
        Case(text: "<thin", parts: [.content("<thin")]),
        Case(
            text: #"<tool_call>\#n{"name": "add", "arguments": {"a": 1, "b": 2.50}}\#n</tool_call>"#,
            parts: [.toolCall(name: "add", arguments: #"{"a":1,"b":2.50}"#)]
        ),
        Case(
            text: #"Let me see. <tool_call>{"name":"a"}</tool_call>"#
                + #"\#n<tool_call>{"name":"b","parameters":{}}</tool_call>\#n"#,
            parts: [
                .content("Let me see."), .toolCall(name: "a", arguments: "{}"), .toolCall(name: "b", arguments: "{}"),
            ]
        ),
        Case(
            text: #"<think>hm</think><tool_call>{"name":"a","arguments":"{\"x\":1}"}"#,
            parts: [.reasoning("hm"), .toolCall(name: "a", arguments: #"{"x":1}"#)]
        ),
        Case(
            text: "```json\n{\n  \"name\": \"add\",\n  \"arguments\": {\"a\": 1}\n}\n```",
            parts: [.toolCall(name: "add", arguments: #"{"a":1}"#)]
        ),
        Case(text: #" {"name":"b"}"#, parts: [.toolCall(name: "b", arguments: "{}")]),
        Case(text: #"{"name":"Anna"}"#, parts: [.content(#"{"name":"Anna"}"#)]),
        Case(text: #"{"nam":"a"}"#, parts: [.content(#"{"nam":"a"}"#)]),
        Case(text: "```json\n[1]\n```", parts: [.content("```json\n[1]\n```")]),
        Case(text: "``", parts: [.content("``")]),
        Case(text: #"{"name":"a"} is a call"#, parts: [.content(#"{"name":"a"} is a call"#)]),
        Case(text: #"{"name":"a"}"#, parts: [.content(#"{"name":"a"}"#)], tools: []),
        Case(
            text: "<tool_call>{not json}</tool_call> and more",
            parts: [.content("<tool_call>{not json}</tool_call> and more")]
        ),
        Case(text: "<tool_call>{\"nam", parts: [.content("<tool_call>{\"nam")]),
        Case(text: "a <tool_cal b", parts: [.content("a <tool_cal b")]),
        Case(
            text: #"<tool_call>{"name":"a"}</tool_call> done"#,
            parts: [.toolCall(name: "a", arguments: "{}"), .content(" done")]
        ),
        Case(
            text: #"<tool_call>{"name":"a"}</tool_call>"#,
            parts: [.content(#"<tool_call>{"name":"a"}</tool_call>"#)],
            tools: []
        ),
    ]

    /// The same parts, those of one kind in a row as one.
    private func joined(_ parts: [OutputPart]) -> [OutputPart] {
        parts.reduce(into: []) { joined, part in
            switch (joined.last, part) {
            case (.content(let before), .content(let text)): joined[joined.count - 1] = .content(before + text)
            case (.reasoning(let before), .reasoning(let text)): joined[joined.count - 1] = .reasoning(before + text)
            default: joined.append(part)
            }
        }
    }

    @Test(arguments: cases)
    func anAnswerInPieces(_ one: Case) {
        let characters = Array(one.text)
        for size in 1...max(1, characters.count) {
            var parser = OutputParser(tools: one.tools)
            var parts: [OutputPart] = []
            for start in stride(from: 0, to: characters.count, by: size) {
                parts += parser.take(String(characters[start..<min(start + size, characters.count)]))
            }
            parts += parser.finish()
            #expect(joined(parts) == one.parts, "in pieces of \(size)")
            #expect(parser.hasCalls == parts.contains { if case .toolCall = $0 { true } else { false } })
        }
    }

    /// What is certain is told at once.
    @Test func nothingIsHeldBackWithoutNeed() {
        var parser = OutputParser(tools: ["a"])
        #expect(parser.take("Hello") == [.content("Hello")])
        #expect(parser.take(" <b>") == [.content(" <b>")])
        #expect(parser.take("<tool_") == [])
        #expect(parser.take("x") == [.content("<tool_x")])
        var reasoning = OutputParser()
        #expect(reasoning.take("<think>one ") == [.reasoning("one ")])
        #expect(reasoning.take("two</th") == [.reasoning("two")])
        #expect(reasoning.take("ink>ok") == [.content("ok")])
    }

    /// Without reasoning to be told apart, the tags are content.
    @Test func reasoningMayBeContent() {
        var parser = OutputParser(findsReasoning: false, tools: ["a"])
        #expect(joined(parser.take("<think>a</think>b") + parser.finish()) == [.content("<think>a</think>b")])
    }
}
