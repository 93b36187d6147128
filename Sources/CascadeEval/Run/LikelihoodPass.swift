internal import CascadeHost
internal import CascadeModel
internal import CascadeNode

/// Adds to a run's answers how likely a model finds them, in this process and without the cluster.
package struct LikelihoodPass {
    private let model: String
    private let path: String
    private let source: EvalSource

    /// Creates the pass.
    ///
    /// - Parameters:
    ///   - model: what the user calls the model.
    ///   - path: its file.
    package init(model: String, path: String, source: EvalSource) {
        (self.model, self.path, self.source) = (model, path, source)
    }

    /// Scores those of `records` that this model has not scored yet; one without tokens has no score. `progress` is
    /// told the answers that are scored.
    ///
    /// - Throws: ``EvalError`` where the model is not that of the answers, ``NodeError`` where it cannot be used.
    package func run(
        _ records: [EvalRecord],
        into log: ResultLog,
        progress: (_ done: Int, _ total: Int) -> Void
    ) throws {
        let open = records.filter {
            ($0.logLikelihood == nil || $0.likelihoodModel != model) && $0.phase == .quality && !$0.tokens.isEmpty
        }
        guard !open.isEmpty else { return }
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
                progress(index + 1, open.count)
            }
        } catch let error as EvalError {
            throw error
        } catch {
            throw NodeError.failed("cannot score the answers with \(model): \(error)")
        }
    }
}
