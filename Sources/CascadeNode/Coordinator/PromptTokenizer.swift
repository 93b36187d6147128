package import CascadeCore
internal import CascadeModel
internal import CascadeText

/// Turns prompts into tokens with a model's own tokenizer and chat template.
package struct PromptTokenizer: Sendable {
    private let tokenizer: Tokenizer
    private let template: ChatTemplate?
    /// Why the model's chat template cannot be used, where it has one that cannot.
    private let templateProblem: String?
    private let bosToken: String
    private let eosToken: String

    /// Reads a tokenizer block as experts send it.
    package init(block: [UInt8]) throws {
        try self.init(definition: TokenizerDefinition(GGUFFile(bytes: block, name: "tokenizer block")))
    }

    /// Reads the tokenizer of a model file.
    package init(path: String) throws {
        try self.init(definition: TokenizerDefinition(GGUFFile(path: path)))
    }

    private init(definition: TokenizerDefinition) throws {
        tokenizer = try Tokenizer(definition)
        func text(of token: Token?) -> String {
            token.map { String(decoding: definition.tokens[Int($0)], as: UTF8.self) } ?? ""
        }
        bosToken = text(of: definition.bosToken)
        eosToken = text(of: definition.eosToken)
        do throws(TemplateError) {
            template = try definition.chatTemplate.map { source throws(TemplateError) in try ChatTemplate(source: source) }
            templateProblem = nil
        } catch {
            template = nil
            templateProblem = "\(error)"
        }
    }

    /// The pure side's view of the tokens.
    package var vocabulary: Vocabulary { tokenizer.vocabulary }

    /// Whether prompts can be wrapped in a chat template.
    package var hasChatTemplate: Bool { template != nil }

    /// The tokens of a prompt. Only text that the template itself wrote may become control tokens… and the user's own
    /// text too, as chat templates are plain text to every server of the field.
    package func encode(prompt: [UInt8], format: PromptFormat, system: [UInt8]?) throws(NodeError) -> [Token] {
        guard format == .chat || (format == .automatic && template != nil) else {
            guard system == nil else { throw .refused("a system message needs a chat template") }
            return tokenizer.encode(prompt, parseSpecial: true)
        }
        guard let template else {
            throw .refused(
                templateProblem.map { "the model's chat template cannot be used: \($0); try --raw" }
                    ?? "the model has no chat template; use --raw"
            )
        }
        var messages: [ChatMessage] = []
        if let system { messages.append(ChatMessage(role: "system", content: String(decoding: system, as: UTF8.self))) }
        messages.append(ChatMessage(role: "user", content: String(decoding: prompt, as: UTF8.self)))
        do {
            let text = try template.render(
                messages: messages,
                addGenerationPrompt: true,
                bosToken: bosToken,
                eosToken: eosToken
            )
            // The template writes the beginning-of-text token itself where the model wants one.
            return tokenizer.encode(Array(text.utf8), parseSpecial: true, addBOS: false)
        } catch {
            throw .refused("the model's chat template failed: \(error); try --raw")
        }
    }
}
