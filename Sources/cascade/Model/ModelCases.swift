internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeNode
internal import CascadeTemplate
internal import CascadeText
internal import Foundation

/// The texts a model verb works on: one on the command line or standard input, or a file of many.
struct ModelCases: ParsableArguments {
    /// One entry of a cases file.
    struct Case: Decodable {
        var text: String
        var parse_special: Bool?
        var add_bos: Bool?
        var max_tokens: Int?
    }

    @Option(help: "The model: a GGUF file, or a name that 'cascade model fetch' knows and has fetched.")
    var model: String

    @Option(help: "A JSON array of {\"text\", \"parse_special\", \"add_bos\", \"max_tokens\"}; '-' is standard input.")
    var cases: String?

    @Argument(help: "The text; '-' or nothing reads standard input.")
    var text: String?

    @Flag(help: "Wrap the text in the model's chat template.")
    var chat = false

    @Flag(
        help: """
            With --chat, read control tokens that are written in the text, such as <|im_end|>, as control tokens. \
            Without --chat they always are, unless a case says otherwise.
            """
    )
    var parseSpecial = false

    @Option(help: ArgumentHelp("With --chat, this template instead of the model's own.", valueName: "file"))
    var chatTemplate: String?

    @Flag(help: "Print JSON: one object, or an array with --cases.")
    var json = false

    func validate() throws {
        if cases != nil, text != nil { throw ValidationError("--cases and a text exclude each other") }
    }

    /// The cases, and whether they came from a file (then the answer is an array).
    func read() throws -> (cases: [Case], isArray: Bool) {
        guard let cases else {
            return ([Case(text: try PromptInput.read(text))], false)
        }
        let limit = 256 << 20
        do {
            let data =
                cases == "-"
                ? try PromptInput.standardInput(limit: limit, what: "the cases", wayOut: "in a file: --cases FILE")
                : try FileAccess.read(cases, limit: limit)
            return (try JSONDecoder().decode([Case].self, from: Data(data)), true)
        } catch let error as DecodingError {
            throw CommandFailure.failed("\(cases) is not a file of cases: \(SystemError.words(error))")
        } catch let error as SystemError {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// The tokens of each case. Control tokens in a text count as such unless the case, or --chat, says otherwise.
    func tokens(of cases: [Case], file: GGUFFile, tokenizer: Tokenizer) throws -> [[Token]] {
        guard chat else {
            return cases.map { tokenizer.encode($0.text, parseSpecial: $0.parse_special ?? true, addBOS: $0.add_bos) }
        }
        let template = try chatTemplate.map(ChatTemplateFile.read)
        let prompts = try PromptTokenizer(path: file.path)
        return try cases.map { item in
            do throws(PromptError) {
                return try prompts.encode(
                    prompt: Array(item.text.utf8),
                    format: .chat,
                    parsesSpecial: item.parse_special ?? parseSpecial,
                    localSeconds: LocalClock.seconds(),
                    template: template
                ) ?? []
            } catch {
                throw CommandFailure.failed(
                    "\(error); leave --chat out to take the text as it is, or name a template with --chat-template"
                )
            }
        }
    }

    /// A model file and its tokenizer, whether or not the model can be served.
    func openTokenizer() throws -> (file: GGUFFile, tokenizer: Tokenizer) {
        let path = try ModelLocation.resolve(model)
        do {
            let file = try GGUFFile(path: path)
            return (file, try Tokenizer(file.tokenizerDefinition()))
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// The model file, checked.
    func open() throws -> ServableModel {
        let path = try ModelLocation.resolve(model)
        do throws(ModelError) {
            return try ServableModel(path: path)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// Shows one answer per case.
    func show(_ answers: [some Encodable], isArray: Bool) throws {
        if isArray { try Output.json(answers) } else if let answer = answers.first { try Output.json(answer) }
    }
}

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

/// `cascade model score`
struct ModelScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Show how probable a model finds each token of a text.",
        discussion: """
            Logarithms are natural, entropies in nats.

            EXAMPLES
              cascade model score --model qwen2.5-coder-0.5b "The quick brown fox"
              cascade model score --model big.gguf --cases cases.json --json
            """
    )

    @OptionGroup var options: ModelCases
    @OptionGroup var settings: EngineSettings

    func run() async throws {
        let (cases, isArray) = try options.read()
        let model = try options.open()
        let tokenizer = model.tokenizer
        let scorer = Scorer(engine: try settings.engine(model))
        var answers: [Answer] = []
        for tokens in try options.tokens(of: cases, file: model.file, tokenizer: tokenizer) {
            do throws(ModelError) {
                answers.append(Answer(tokens: tokens, score: try scorer.score(tokens)))
            } catch {
                throw CommandFailure.failed("\(error)")
            }
        }
        if options.json || isArray { return try options.show(answers, isArray: isArray) }
        for answer in answers {
            let rows = answer.tokens.enumerated().map { index, token in
                [
                    "\(token)", String(decoding: tokenizer.bytes(of: token), as: UTF8.self).debugDescription,
                    index == 0 ? "" : decimalText(answer.nextLogprob[index - 1], 3),
                    decimalText(answer.entropy[index], 3),
                ]
            }
            try Output.line(Table.text([["TOKEN", "TEXT", "LOG P", "ENTROPY BEHIND"]] + rows))
        }
    }

    private struct Answer: Encodable {
        var tokens: [Token]
        var nextLogprob: [Double]
        var argmax: [Token]
        var entropy: [Double]
        var lastTop16: [Pair]

        init(tokens: [Token], score: Score) {
            self.tokens = tokens
            nextLogprob = score.nextLogProbabilities
            argmax = score.argmax
            entropy = score.entropy
            lastTop16 = score.lastTop.map { Pair(token: $0.token, logProbability: $0.logProbability) }
        }
    }

    /// A token and its log-probability, as an array of two.
    private struct Pair: Encodable {
        var token: Token
        var logProbability: Double

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(token)
            try container.encode(logProbability)
        }
    }
}
