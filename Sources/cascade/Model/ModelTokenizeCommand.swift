internal import ArgumentParser
internal import CascadeCore
internal import CascadeText

/// `cascade model tokenize`
struct ModelTokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the tokens of a text.",
        discussion: """
            EXAMPLES
              cascade model tokenize --model qwen2.5-coder-0.5b "Hello world"
              cascade model tokenize --model qwen2.5-coder-0.5b --chat "Hello world"
              cascade model tokenize --model big.gguf --cases cases.json --json
            """
    )

    @OptionGroup var options: ModelCases

    func run() async throws {
        let (cases, isArray) = try options.read()
        let (file, tokenizer) = try options.openTokenizer()
        let answers = try options.tokens(of: cases, file: file, tokenizer: tokenizer).map(Answer.init)
        if options.json || isArray { return try options.show(answers, isArray: isArray) }
        for token in answers.flatMap(\.tokens) {
            try Output.line("\(token)\t\(String(decoding: tokenizer.text(of: token), as: UTF8.self).debugDescription)")
        }
    }

    private struct Answer: Encodable {
        var tokens: [Token]
    }
}
