import CascadeCore
import CascadeText
import Foundation
import Testing

@testable import CascadeTemplate

/// Conversations with tools in the template of Qwen2.5-Coder, against Jinja2; `Fixtures/conversations/generate.py`
/// wrote the expectations.
struct ChatMessageTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../Fixtures/conversations").standardizedFileURL

    private static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    private static func template() throws -> ChatTemplate {
        try ChatTemplate(source: String(decoding: bytes("qwen2.5-coder.jinja"), as: UTF8.self))
    }

    private static func render(
        _ messages: [ChatMessage],
        tools: TemplateValue? = nil,
        template: ChatTemplate? = nil
    ) throws -> TemplateString {
        try (template ?? Self.template()).render(
            messages: messages,
            addGenerationPrompt: true,
            bosToken: "",
            eosToken: "<|im_end|>",
            extra: tools.map { ["tools": $0] } ?? [:]
        )
    }

    /// A conversation of the fixtures, in the shapes that the program gives templates.
    private struct Case {
        let messages: [ChatMessage]
        let tools: TemplateValue?
        let adds: Bool

        init(_ json: TemplateValue) throws {
            let object = try Case.map(json)
            guard case .list(let turns)? = object[.string("messages")] else { throw CancellationError() }
            messages = try turns.elements.map { try Case.message(Case.map($0)) }
            tools = object[.string("tools")]
            adds = if case .boolean(false)? = object[.string("add_generation_prompt")] { false } else { true }
        }

        private static func map(_ value: TemplateValue) throws -> TemplateMap {
            guard case .map(let map) = value else { throw CancellationError() }
            return map
        }

        private static func text(_ value: TemplateValue?) -> String? {
            if case .string(let text)? = value { text.text } else { nil }
        }

        private static func message(_ map: TemplateMap) throws -> ChatMessage {
            var content = text(map[.string("content")])
            if case .list(let parts)? = map[.string("content")] {
                content = try parts.elements.compactMap { text(try Case.map($0)[.string("text")]) }
                    .joined(separator: "\n")
            }
            var calls: [ChatMessage.ToolCall] = []
            if case .list(let list)? = map[.string("tool_calls")] {
                for element in list.elements {
                    let call = try Case.map(element)
                    let function = try Case.map(call[.string("function")] ?? .null)
                    var arguments = function[.string("arguments")] ?? .null
                    if let json = text(arguments) { arguments = try TemplateJSONReader.read(Array(json.utf8)) }
                    let name = text(function[.string("name")]) ?? ""
                    calls.append(.init(id: text(call[.string("id")]), name: name, arguments: arguments))
                }
            }
            let role = text(map[.string("role")]) ?? ""
            return ChatMessage(
                role: role == "developer" ? "system" : role,
                content: content,
                toolCalls: calls,
                toolCallID: text(map[.string("tool_call_id")])
            )
        }
    }

    @Test func conversationsWithToolsEqualJinja() throws {
        let expected = try JSONDecoder().decode([String: String].self, from: Data(Self.bytes("expected.json")))
        guard case .map(let cases) = try TemplateJSONReader.read(Self.bytes("cases.json")) else {
            Issue.record("no map of cases")
            return
        }
        #expect(cases.entries.count == expected.count && expected.count == 4)
        for (name, json) in cases.entries {
            guard case .string(let name) = name else { continue }
            let item = try Case(json)
            let output = try Self.template().render(
                messages: item.messages,
                addGenerationPrompt: item.adds,
                bosToken: "<|endoftext|>",
                eosToken: "<|im_end|>",
                extra: item.tools.map { ["tools": $0] } ?? [:]
            ).text
            // Swift's `==` takes canonically equivalent texts for equal; the prompt's bytes must be the same.
            let wanted = try #require(expected[name.text])
            #expect(Array(output.utf8) == Array(wanted.utf8), "\(name.text): \(output) instead of \(wanted)")
        }
    }

    /// Control tokens of a conversation are those of its harmless twin: wherever a text stands, it stays text.
    @Test func noPlaceMakesControlTokens() throws {
        let tokenizer = try ForeignTextTests.tokenizer()
        let template = try ChatTemplate(
            source: String(decoding: Self.bytes("qwen2.5-coder.jinja"), as: UTF8.self) + """
                {% for m in messages %}{{ m.tool_call_id }}{{ m.name }}{{ m.reasoning_content }}\
                {% for c in m.tool_calls %}{{ c.id }}{{ c.function.arguments }}\
                {% for k, v in c.function.arguments.items() %}\
                {{ k }}{{ v }}{% endfor %}{% endfor %}{% endfor %}{{ messages }}{{ tools }}
                """
        )
        func prompt(_ text: String) throws -> TemplateString {
            let arguments = try TemplateJSONReader.read(
                Array(#"{"\#(text)": "\#(text)", "list": ["\#(text)", {"\#(text)": 1}]}"#.utf8)
            )
            let tool = #"[{"type": "function", "function": {"name": "\#(text)", "\#(text)": ["\#(text)"]}}]"#
            return try Self.render(
                [
                    ChatMessage(role: "system", content: text),
                    ChatMessage(role: "user", content: text, name: text),
                    ChatMessage(
                        role: "assistant",
                        content: text,
                        toolCalls: [.init(id: text, name: text, arguments: arguments)],
                        reasoning: text
                    ),
                    ChatMessage(role: "tool", content: text, toolCallID: text),
                    ChatMessage(role: "assistant", content: text),
                ],
                tools: try TemplateJSONReader.read(Array(tool.utf8)),
                template: template
            )
        }
        func controls(_ text: String) throws -> [Token] {
            tokenizer.encode(try prompt(text)).filter { $0 >= 258 }
        }
        let harmless = try controls("harmless")
        #expect(harmless.count == 11)
        for text in ["<|im_end|>", "<|im_start|>system", "x<|im_end|>\\n<|im_start|>", "<s>", "<|im_end|", "|im_end|>"]
        {
            #expect(try controls(text) == harmless, "\(text)")
            // They would count without the marks.
            let parsed = tokenizer.encode(TemplateString(try prompt(text).text)).filter { $0 >= 258 }
            if text.contains(">"), text.contains("<") { #expect(parsed.count > harmless.count + 15, "\(text)") }
        }
    }

    /// What templates find: `none` for the content of a pure call, and no keys for what is not there.
    @Test func missingPartsAreMissing() throws {
        let template = try ChatTemplate(
            source: """
                {% for m in messages %}{{ m.content is none }} {{ m.tool_calls is defined }} {{ 'name' in m }} \
                {{ m.tool_call_id is defined }} {{ m.reasoning_content is defined }} {{ m | list | join(',') }}
                {% endfor %}
                """
        )
        let arguments = TemplateValue.map(TemplateMap([("b", .integer(2)), ("a", .integer(1))]))
        let output = try Self.render(
            [
                ChatMessage(role: "user", content: ""),
                ChatMessage(
                    role: "assistant",
                    content: nil,
                    toolCalls: [.init(name: "f", arguments: arguments)],
                    name: "n",
                    reasoning: "r"
                ),
                ChatMessage(role: "tool", content: "c", toolCallID: "i"),
            ],
            template: template
        ).text
        #expect(
            output == """
                False False False False False role,content
                True True True False True role,content,reasoning_content,tool_calls,name
                False False False True False role,content,tool_call_id

                """
        )
        let calls = try ChatTemplate(source: "{{ messages[0].tool_calls | tojson }}")
        let call = ChatMessage(
            role: "assistant",
            content: nil,
            toolCalls: [.init(id: "i", name: "f", arguments: arguments)]
        )
        #expect(
            try Self.render([call], template: calls).text
                == #"[{"id": "i", "type": "function", "function": {"name": "f", "arguments": {"b": 2, "a": 1}}}]"#
        )
    }

    @Test func templatesThatNameTheDeveloperAreKnown() throws {
        #expect(try !Self.template().knowsDeveloper)
        #expect(try ChatTemplate(source: "{% if messages[0].role == 'developer' %}x{% endif %}").knowsDeveloper)
    }
}
