/// How many tokens a round drafts: `--num-speculative-tokens`.
package enum DraftLength: Hashable, Sendable {
    /// As many as measured costs and the sequence's acceptance make worth while, chosen anew for each round.
    case adaptive
    /// As many in every round; 0 switches speculation off.
    case fixed(UInt32)

    /// As the flag takes it: a number, or `adaptive`.
    package var text: String {
        switch self {
        case .adaptive: "adaptive"
        case .fixed(let count): "\(count)"
        }
    }
}
