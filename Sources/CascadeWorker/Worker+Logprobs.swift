import CascadeCore

extension Worker {
    /// What the model's own rows say of all tokens that may be committed in a round, where the spec asks: at each
    /// drafted position the drafted token and the one in its place, behind the draft the bonus.
    ///
    /// - Parameters:
    ///   - spec: of the sequence.
    ///   - entry: the request's, in the pass that was just run.
    static func logprobs(
        _ spec: SequenceSpec,
        _ entry: Int,
        _ model: Model,
        draft: [DraftedPosition],
        _ evidence: [Evidence],
        _ bonus: Token?
    ) throws(ForwardError) -> [RowLogprobs] {
        guard let limit = spec.logprobs.map(Int.init) else { return [] }
        var told: [RowLogprobs] = []
        for (index, (drafted, said)) in zip(draft, evidence).enumerated() {
            // The model's row as it is: whatever judging made of it does not count here.
            let row = try model.row(index, of: entry)
            let (ranked, top) = row.logprobs(of: [drafted.token, said.residual], top: limit, spec)
            told.append(RowLogprobs(drafted: ranked[0], own: ranked[1], top: top))
        }
        if let bonus {
            let row = try model.row(draft.count, of: entry)
            let (ranked, top) = row.logprobs(of: [bonus], top: limit, spec)
            told.append(RowLogprobs(drafted: nil, own: ranked[0], top: top))
        }
        return told
    }
}
