import CascadeCore

/// How drafts fare, by what they come from.
struct DraftAcceptance: Equatable, Sendable {
    /// Those of a drafter model.
    var model = AcceptanceEstimate()
    /// Those that were looked up.
    var lookup = AcceptanceEstimate()

    /// What a new sequence begins with where `self` is what its pool learned.
    var asPrior: DraftAcceptance { DraftAcceptance(model: model.asPrior, lookup: lookup.asPrior) }

    /// Takes a committed round: `judged` positions whose probabilities of being accepted add up to `accepted`.
    mutating func record(_ source: DraftSource, accepted: Double, judged: Int, emitted: Int) {
        switch source {
        case .model: model.record(accepted: accepted, judged: judged)
        case .lookup: lookup.record(accepted: accepted, judged: judged)
        }
        model.fade(committed: emitted)
        lookup.fade(committed: emitted)
    }
}
