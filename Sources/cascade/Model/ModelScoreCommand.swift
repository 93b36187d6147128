internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeText

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
