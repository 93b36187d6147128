internal import CascadeEval
internal import CascadeHost
internal import CascadeModel
internal import CascadeNode

/// Adds to a run's answers how likely a model finds them, in this process and without the cluster.
struct LikelihoodPass {
    /// The model: a file, or a name that is known.
    let model: String
    let source: EvalSource

    /// Scores those of `records` that this model has not scored yet; one without tokens has no score.
    func run(_ records: [EvalRecord], into log: ResultLog) throws {
        let open = records.filter {
            ($0.logLikelihood == nil || $0.likelihoodModel != model) && $0.phase == .quality && !$0.tokens.isEmpty
        }
        guard !open.isEmpty else { return }
        let path = try ModelLocation.resolve(model)
        let progress = EvalProgress("log-likelihood")
        defer { progress.finish() }
        do {
            let tokenizer = try PromptTokenizer(path: path)
            let prompts = try open.map { record in
                try tokenizer.encode(
                    prompt: Array((source.prompts[record.problem] ?? "").utf8),
                    format: source.format,
                    system: nil
                ) ?? []
            }
            let longest = zip(prompts, open).reduce(16) { max($0, $1.0.count + $1.1.tokens.count) }
            let options = EngineOptions(threads: AvailableCores.count(), contextTokens: longest)
            let scorer = Scorer(engine: try Engine(model: try Model.load(path: path), options: options))
            for (index, var record) in open.enumerated() {
                let own = try scorer.score(prompts[index] + record.tokens).nextLogProbabilities
                    .suffix(record.tokens.count)
                let mean = own.reduce(0, +) / Double(own.count)
                guard mean.isFinite else {
                    throw EvalError(
                        "\(model) lacks tokens of the answer to \(record.problem): is it the expert's model?"
                    )
                }
                (record.logLikelihood, record.likelihoodModel) = (mean, model)
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
