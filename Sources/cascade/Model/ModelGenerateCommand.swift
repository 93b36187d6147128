internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
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

    @Option(help: "Softmax temperature; 0 is greedy (default: 0).", transform: DecimalNumber.parse)
    var temperature = 0.0

    @Option(help: "Maximum number of tokens in an answer, for cases that do not say.")
    var maxTokens = 512

    @Flag(help: "Send the answer's control characters to the terminal as they are, instead of as escapes.")
    var allowEscapes = false

    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @OptionGroup(title: "Engine") var settings: EngineSettings

    func validate() throws {
        try Limits.check("--max-tokens", maxTokens, in: 1...1_000_000)
        if let problem = sampling.settings(temperature: temperature).problem { throw ValidationError(problem) }
    }

    func run() async throws {
        let (cases, isArray) = try options.read()
        let model = try options.open()
        let tokenizer = model.tokenizer
        let prompts = try options.tokens(of: cases, file: model.file, tokenizer: tokenizer)
        let generator = Generator(engine: try settings.engine(model))
        let streams = !options.json && !isArray
        var answers: [Answer] = []
        for (item, prompt) in zip(cases, prompts) {
            let limit = item.max_tokens ?? maxTokens
            answers.append(
                try answer(prompt, limit, with: generator, vocabulary: tokenizer.vocabulary, streams: streams)
            )
        }
        if streams { try Output.write([UInt8(ascii: "\n")]) } else { try options.show(answers, isArray: isArray) }
    }

    private func answer(
        _ prompt: [Token],
        _ limit: Int,
        with generator: Generator,
        vocabulary: Vocabulary,
        streams: Bool
    ) throws -> Answer {
        let seed = sampling.seed ?? UInt64.random(in: 0..<1 << 53)
        let draws = PhiloxDraws(seed: seed)
        var release = TextRelease(stop: [])
        var text: [UInt8] = []
        var screen = Output.isTerminal && !allowEscapes ? PrintableStream() : nil
        var failure: CommandFailure?
        // False when the text cannot be written any more, which ends the generation.
        func show(_ part: [UInt8]) -> Bool {
            text += part
            guard streams else { return true }
            do { try Output.write(screen?.next(part) ?? part) } catch { failure = error }
            return failure == nil
        }
        do {
            let output = try generator.generate(
                prompt: prompt,
                maximumTokens: limit,
                sampling: sampling.settings(temperature: temperature),
                endTokens: Set(vocabulary.endTokens),
                draw: { row, position in
                    row.tokens[draws.race(row, DrawKey(.token, position: position, base: 0, sample: 0))]
                },
                // As the cluster does: the end token is no text, and a character is shown when it is whole.
                onToken: { token in
                    vocabulary.endTokens.contains(token) || show(release.append(vocabulary.bytes(of: token)))
                }
            )
            _ = show(release.finish())
            if let failure { throw failure }
            if streams, temperature > 0 { Output.note("\n[seed \(seed)]") }
            return Answer(
                tokens: output.tokens,
                text: String(decoding: text, as: UTF8.self),
                finishReason: output.end == .endToken ? "stop" : "length",
                seed: temperature > 0 ? seed : nil
            )
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    private struct Answer: Encodable {
        var tokens: [Token]
        var text: String
        var finishReason: String
        /// Of draws; greedy answers have none.
        var seed: UInt64?
    }
}
