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
        guard let source = tokenizer.chatTemplate else {
            (template, templateProblem) = (nil, nil)
            return
        }
        do throws(TemplateError) {
            (template, templateProblem) = (try ChatTemplate(source: source), nil)
        } catch {
            (template, templateProblem) = (nil, "\(error)")
        }
    }

    /// The pure side's view of the tokens.
    package var vocabulary: Vocabulary { tokenizer.vocabulary }

    /// Whether prompts can be wrapped in a chat template.
    package var hasChatTemplate: Bool { template != nil }

    /// The tokens of a prompt. Control tokens count as such wherever they stand in the text, as they do in the peers.
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
