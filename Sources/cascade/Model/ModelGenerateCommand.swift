internal import ArgumentParser
internal import CascadeCore
internal import CascadeModel
internal import CascadeNode
internal import CascadeText

/// `cascade model generate`
struct ModelGenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text with one model: the reference that the cluster is compared with.",
        discussion: """
            With the same seed, --temperature and sampling, `cascade submit --raw --num-speculative-tokens 0` gives \
            the same tokens.

            EXAMPLES
              cascade model generate --model qwen2.5-coder-0.5b "def fibonacci(n):"
              cascade model generate --model big.gguf --chat "Write a haiku about rain."
            """
    )

    @OptionGroup var options: ModelCases

    @Option(help: "Softmax temperature; 0 is greedy.")
    var temperature = 0.0

    @Option(help: "Most tokens of an answer, where a case does not say.")
    var maxTokens = 512

    @Flag(help: "Wrap the text in the model's chat template.")
    var chat = false

    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @OptionGroup(title: "Engine") var settings: EngineSettings

    func validate() throws {
        guard (1...1_000_000).contains(maxTokens) else { throw ValidationError("--max-tokens must be 1 to 1000000") }
        if let problem = sampling.settings(temperature: temperature).problem { throw ValidationError(problem) }
    }

    func run() async throws {
        let (cases, isArray) = try options.read()
        let (file, tokenizer) = try options.open()
        let generator = Generator(engine: try settings.engine(file))
        let streams = !options.json && !isArray
        var answers: [Answer] = []
        for item in cases {
            answers.append(try generate(item, file: file, with: generator, tokenizer: tokenizer, streams: streams))
        }
        if streams { Output.write([UInt8(ascii: "\n")]) } else { try options.print(answers, isArray: isArray) }
    }

    private func generate(
        _ item: ModelCases.Case,
        file: GGUFFile,
        with generator: Generator,
        tokenizer: Tokenizer,
        streams: Bool
    ) throws -> Answer {
        let draws = PhiloxDraws(seed: sampling.seed ?? UInt64.random(in: 0...UInt64.max))
        do {
            let output = try generator.generate(
                prompt: try tokens(of: item, file: file, tokenizer: tokenizer),
                maximumTokens: item.max_tokens ?? maxTokens,
                sampling: sampling.settings(temperature: temperature),
                endTokens: Set(tokenizer.vocabulary.endTokens),
                draw: { row, position in
                    row.tokens[draws.race(row, DrawKey(.token, position: position, base: 0, sample: 0))]
                },
                onToken: { token in
                    // A reader that went away ends the generation.
                    streams ? Output.write(tokenizer.bytes(of: token)) : true
                }
            )
            return Answer(
                tokens: output.tokens,
                text: String(decoding: tokenizer.decode(output.tokens), as: UTF8.self),
                finishReason: output.end == .endToken ? "stop" : "length"
            )
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    private func tokens(of item: ModelCases.Case, file: GGUFFile, tokenizer: Tokenizer) throws -> [Token] {
        guard chat else { return tokenizer.encode(item) }
        return try PromptTokenizer(path: file.path).encode(prompt: Array(item.text.utf8), format: .chat, system: nil)
    }

    private struct Answer: Encodable {
        var tokens: [Token]
        var text: String
        var finishReason: String
    }
}
