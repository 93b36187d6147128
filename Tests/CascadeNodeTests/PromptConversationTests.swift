import CascadeCore
import CascadeTemplate
import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeNode

/// A job's conversation in a chat template: what the file of a client says, against Jinja2
/// (`Fixtures/conversations/generate.py`).
@Suite struct PromptConversationTests {
    private static let folder = Fixtures.folder.appending(path: "conversations")
    /// A token for each byte, so that tokens can be read.
    private let tokenizer: PromptTokenizer

    init() throws {
        tokenizer = try PromptTokenizer(block: SyntheticTokenizer.block(acceptance: 0.8))
    }

    private func prompt(_ conversation: Conversation, _ template: ChatTemplate) throws -> String {
        let tokens = try #require(try tokenizer.encode(conversation, template: template))
        return String(decoding: tokens.flatMap { tokenizer.vocabulary.bytes(of: $0) }, as: UTF8.self)
    }

    private static func user(_ text: String) -> ConversationMessage {
        ConversationMessage(role: .user, content: [Array(text.utf8)])
    }

    @Test func filesOfClientsBecomeThePromptsOfJinja() throws {
        let source = try String(contentsOf: Self.folder.appending(path: "qwen2.5-coder.jinja"), encoding: .utf8)
        let template = try ChatTemplate(source: source)
        let expected = try JSONDecoder().decode(
            [String: String].self,
            from: Data(contentsOf: Self.folder.appending(path: "expected.json"))
        )
        let cases = try TemplateJSONReader.read(Array(Data(contentsOf: Self.folder.appending(path: "cases.json"))))
        guard case .map(let map) = cases else {
            Issue.record("no map of cases")
            return
        }
        #expect(map.entries.count == expected.count)
        for (name, json) in map.entries {
            guard case .string(let name) = name else { continue }
            let conversation = try ConversationReader.read(Array(json.json().utf8))
            let output = try prompt(conversation, template)
            #expect(Array(output.utf8) == expected[name.text].map { Array($0.utf8) }, "\(name.text): \(output)")
        }
    }

    @Test func argumentsAreVariablesOfTheTemplate() throws {
        let template = try ChatTemplate(
            source: "{{ enable_thinking }} {{ tools is none }} {{ documents | tojson }} {{ add_generation_prompt }}"
        )
        var conversation = Conversation(
            messages: [Self.user("x")],
            templateArguments: Array(#"{"enable_thinking": false, "documents": [{"b": 1, "a": 2}]}"#.utf8),
            addsGenerationPrompt: false
        )
        #expect(try prompt(conversation, template) == #"False True [{"b": 1, "a": 2}] False"#)
        conversation = Conversation(messages: [Self.user("x")], tools: Array("[{}]".utf8))
        #expect(try prompt(conversation, template) == " False null True")
    }

    @Test func theDeveloperIsTheSystemWhereTheTemplateKnowsNoOther() throws {
        let conversation = Conversation(messages: [ConversationMessage(role: .developer, content: [[0x78]])])
        let roles = "{% for m in messages %}{{ m.role }}{% endfor %}"
        #expect(try prompt(conversation, ChatTemplate(source: roles)) == "system")
        let newer = "{# developer, system #}" + roles
        #expect(try prompt(conversation, ChatTemplate(source: newer)) == "developer")
    }

    @Test func aTurnWithoutTextIsEmptyUnlessItCalls() throws {
        let template = try ChatTemplate(source: "{% for m in messages %}{{ m.content is none }} {% endfor %}")
        let call = ConversationMessage.ToolCall(name: [0x66], arguments: [])
        let conversation = Conversation(
            messages: [
                ConversationMessage(role: .assistant, content: [], toolCalls: [call]),
                ConversationMessage(role: .assistant, content: [], reasoning: [0x78]),
                ConversationMessage(role: .assistant, content: [[]], toolCalls: [call]),
            ]
        )
        #expect(try prompt(conversation, template) == "True False False ")
    }

    /// What a peer's bytes can hold: errors that no other template would help against, and U+FFFD.
    @Test func wrongJSONIsAnErrorOfItsOwn() throws {
        let template = try ChatTemplate(source: "{{ messages[0].content }}{{ messages[0].name }}")
        let call = ConversationMessage.ToolCall(name: [0x66], arguments: [0xFF])
        for (conversation, words) in [
            (Conversation(messages: [Self.user("x")], tools: [0x7B, 0x7D]), "tools must be a JSON array"),
            (Conversation(messages: [Self.user("x")], tools: []), "tools is no JSON: line 1, column 1"),
            (
                Conversation(messages: [Self.user("x")], templateArguments: Array("1".utf8)),
                "chat_template_kwargs must be"
            ),
            (
                Conversation(messages: [ConversationMessage(role: .assistant, content: [], toolCalls: [call])]),
                "messages[0].tool_calls[0].function.arguments is no JSON: line 1, column 1: byte 1 is not UTF-8"
            ),
        ] {
            let error = #expect(throws: PromptError.self) { try tokenizer.encode(conversation, template: template) }
            #expect(error?.description.hasPrefix(words) == true && error?.isOfTemplate == false, "\(words)")
        }
        let other = ConversationMessage(role: .user, content: [[0x61, 0xFF], [0xC3]], name: [0xFE])
        #expect(try prompt(Conversation(messages: [other]), template) == "a\u{FFFD}\n\u{FFFD}\u{FFFD}")
        let none = #expect(throws: PromptError.self) { try tokenizer.encode(Conversation(messages: [other])) }
        #expect(none?.isOfTemplate == true && none?.description == "the model has no chat template")
    }
}
