internal import CascadeCore
internal import CascadeNode
internal import CascadeTemplate

/// What reads foreign bytes, each as one function from bytes to a verdict: the fuzzer and the tests that replay its
/// corpus call the same one.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Frames of a message, as any peer sends them (``FuzzedFrames``): decoding, and the coordinator behind it.
    case messages
    /// Records of a job, as a store holds them (``FuzzedJournal``): decoding, and the coordinator that goes on with it.
    case journal
    /// A tokenizer block, as an expert sends it: a GGUF file with vocabulary and chat template.
    case tokenizer
    /// The source of a chat template.
    case template

    /// Takes `input` as hostile bytes. Returns whether they meant something; throws where a promise was broken. A trap
    /// is the caller's to see.
    @discardableResult
    package func run(_ input: [UInt8]) throws(FuzzFailure) -> Bool {
        switch self {
        case .messages: try MessageCheck.run(FuzzedFrames(input))
        case .journal: try FuzzedJournal(input).run()
        case .tokenizer: Self.readTokenizer(input)
        case .template: Self.renderTemplate(input)
        }
    }

    /// What a coordinator does with a block, and with the first prompts behind it.
    private static func readTokenizer(_ block: [UInt8]) -> Bool {
        guard let tokenizer = try? PromptTokenizer(block: block) else { return false }
        let prompt = Array("Hello <|im_end|> wörld 12345\n\0".utf8) + [0xff]
        for system in [nil, Array("Be brief.".utf8)] {
            let encoded = try? tokenizer.encode(prompt: prompt, format: .automatic, system: system)
            guard let tokens = encoded else { continue }
            for token in tokens { _ = tokenizer.vocabulary.bytes(of: token) }
        }
        _ = try? tokenizer.encode(conversation)
        return true
    }

    /// One with all that a template may look at.
    private static let conversation = Conversation(
        messages: [
            ConversationMessage(role: .developer, content: [Array("Be brief.".utf8)]),
            ConversationMessage(role: .user, content: [Array("What is".utf8), [0xff]], name: Array("anna".utf8)),
            ConversationMessage(
                role: .assistant,
                content: [],
                toolCalls: [.init(id: [0x31], name: [0x66], arguments: Array(#"{"b": [1, {}], "a": "é"}"#.utf8))],
                reasoning: Array("Ask.".utf8)
            ),
            ConversationMessage(role: .tool, content: [Array("<|im_end|>".utf8)], toolCallID: [0x31]),
        ],
        tools: Array(#"[{"type": "function", "function": {"name": "f", "parameters": {"items": [1.5]}}}]"#.utf8),
        templateArguments: Array(#"{"enable_thinking": true}"#.utf8)
    )

    private static func renderTemplate(_ source: [UInt8]) -> Bool {
        guard let template = try? ChatTemplate(source: String(decoding: source, as: UTF8.self)) else { return false }
        let messages = [("system", "Be brief."), ("user", "Héllo"), ("assistant", ""), ("user", "again")]
        _ = try? template.render(
            messages: messages.map { ChatMessage(role: $0.0, content: $0.1) },
            addGenerationPrompt: true,
            bosToken: "<s>",
            eosToken: "</s>"
        )
        return true
    }
}
