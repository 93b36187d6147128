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
        return true
    }

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
