package import CascadeCore
internal import CascadeModel
package import CascadeTemplate
internal import CascadeText

/// Turns prompts into tokens with a model's own tokenizer and chat template.
package struct PromptTokenizer: Sendable {
    private let tokenizer: Tokenizer
    /// The model's own chat template.
    private let own: ChatTemplate?
    private let bosToken: String
    private let eosToken: String

    /// Reads a tokenizer block as experts send it.
    package init(block: [UInt8]) throws {
        try self.init(file: GGUFFile(bytes: block, name: "tokenizer block"))
    }

    /// Reads the tokenizer of a model file.
    package init(path: String) throws {
        try self.init(file: GGUFFile(path: path))
    }

    private init(file: GGUFFile) throws {
        let tokenizer = try Tokenizer(try file.tokenizerDefinition())
        self.tokenizer = tokenizer
        func text(of role: SpecialTokenRole) -> String {
            tokenizer.roles[role].map { String(decoding: tokenizer.text(of: $0), as: UTF8.self) } ?? ""
        }
        bosToken = text(of: .bos)
        eosToken = text(of: .eos)
        do throws(TemplateError) {
            own = if let source = tokenizer.chatTemplate { try ChatTemplate(source: source) } else { nil }
        } catch {
            (own, templateProblem) = (nil, "\(error)")
        }
    }

    /// The pure side's view of the tokens.
    package var vocabulary: Vocabulary { tokenizer.vocabulary }

    /// Why prompts cannot be wrapped in the model's own chat template, where it has one that cannot be read.
    package private(set) var templateProblem: String?

    /// The tokens of a prompt; nil where there are more than `limit`.
    ///
    /// In a chat, prompt and system message are text: control tokens come from the template alone, unless
    /// `parsesSpecial` says that those written out in the texts count as well. Bytes that are no UTF-8 become U+FFFD
    /// there, because templates work on characters. A prompt that is sent as it is has its control tokens, as in the
    /// peers.
    ///
    /// - Parameters:
    ///   - localSeconds: the client's clock, for templates that print the date; see ``Submit/localSeconds``.
    ///   - template: stands in for the model's own.
    package func encode(
        prompt: [UInt8],
        format: PromptFormat,
        system: [UInt8]? = nil,
        parsesSpecial: Bool = false,
        localSeconds: UInt64? = nil,
        template given: ChatTemplate? = nil,
        limit: Int = .max
    ) throws(PromptError) -> [Token]? {
        let template = given ?? own
        // A template that cannot be read is no reason to do without one in silence.
        let isChat = format == .chat || format == .automatic && (template != nil || templateProblem != nil)
        guard isChat else {
            guard system == nil else { throw PromptError("a system message needs a chat template, and there is none") }
            return tokenizer.encode(prompt, parseSpecial: true, limit: limit)
        }
        var messages: [ChatMessage] = []
        if let system { messages.append(ChatMessage(role: "system", content: String(decoding: system, as: UTF8.self))) }
        messages.append(ChatMessage(role: "user", content: String(decoding: prompt, as: UTF8.self)))
        let text = try render(messages, template: try usable(given), localSeconds: localSeconds)
        return tokenizer.encode(parsesSpecial ? TemplateString(text.text) : text, limit: limit)
    }

    /// The tokens of a conversation, by the chat template; nil where there are more than `limit`.
    ///
    /// Control tokens come from the template alone: what anybody said, names, calls, their arguments, the tools and the
    /// further arguments are text, unless `parsesSpecial` says otherwise. Bytes that are no UTF-8 become U+FFFD, but in
    /// JSON, where they are an error. The role `developer` is `system` for templates that do not name it.
    ///
    /// - Parameters:
    ///   - localSeconds: the client's clock, for templates that print the date; see ``Submit/localSeconds``.
    ///   - template: stands in for the model's own.
    package func encode(
        _ conversation: Conversation,
        parsesSpecial: Bool = false,
        localSeconds: UInt64? = nil,
        template given: ChatTemplate? = nil,
        limit: Int = .max
    ) throws(PromptError) -> [Token]? {
        let template = try usable(given)
        let texts = try TemplateConversation(conversation, knowsDeveloper: template.knowsDeveloper)
        let text = try render(
            texts.messages,
            addGenerationPrompt: conversation.addsGenerationPrompt,
            template: template,
            localSeconds: localSeconds,
            extra: texts.variables
        )
        return tokenizer.encode(parsesSpecial ? TemplateString(text.text) : text, limit: limit)
    }

    /// The template that counts.
    private func usable(_ given: ChatTemplate?) throws(PromptError) -> ChatTemplate {
        if let template = given ?? own { return template }
        throw PromptError(
            templateProblem.map { "the model's chat template cannot be used: \($0)" }
                ?? "the model has no chat template"
        )
    }

    private func render(
        _ messages: [ChatMessage],
        addGenerationPrompt: Bool = true,
        template: ChatTemplate,
        localSeconds: UInt64?,
        extra: [String: TemplateValue] = [:]
    ) throws(PromptError) -> TemplateString {
        do {
            return try template.render(
                messages: messages,
                addGenerationPrompt: addGenerationPrompt,
                bosToken: bosToken,
                eosToken: eosToken,
                localSeconds: localSeconds,
                extra: extra
            )
        } catch {
            throw PromptError("the chat template failed: \(error)")
        }
    }
}
