internal import CascadeEval
internal import CascadeModel
internal import CascadeNode

/// Adds to a run's answers how likely a model finds them, in this process and without the cluster.
struct LikelihoodPass {
    /// The model: a file, or a name that is known.
    let model: String
    let source: EvalSource

    /// Scores the answers that have no score yet; one without tokens has none.
    func run(_ log: ResultLog) throws {
        let open = log.records.filter { $0.logLikelihood == nil && $0.phase == .quality && !$0.tokens.isEmpty }
        guard !open.isEmpty else { return }
        let path = try ModelLocation.resolve(model)
        let progress = EvalProgress("log-likelihood")
        defer { progress.finish() }
        do {
            let tokenizer = try PromptTokenizer(path: path)
            let options = EngineOptions(threads: AvailableCores.count(), contextTokens: 8_192)
            let scorer = Scorer(engine: try Engine(model: try Model.load(try GGUFFile(path: path)), options: options))
            for (index, var record) in open.enumerated() {
                let prompt = try tokenizer.encode(
                    prompt: Array((source.prompts[record.problem] ?? "").utf8),
                    format: source.format,
                    system: nil
                )
                let score = try scorer.score(prompt + record.tokens)
                let own = score.nextLogProbabilities.suffix(record.tokens.count)
                record.logLikelihood = own.reduce(0, +) / Double(own.count)
                try log.append(record)
                progress.show(done: index + 1, total: open.count)
            }
        } catch let error as EvalError {
            throw error
        } catch {
            throw CommandFailure.failed("cannot score the answers with \(model): \(error)")
        }
    }
}
