/// What becomes of a role whose process has ended: the decision alone.
struct RestartPolicy {
    /// What is to be done.
    enum Verdict: Equatable {
        /// Nothing: an operator drained it, who wants it to stay away.
        case stayAway
        /// It is started again after so many milliseconds.
        case startAgain(milliseconds: Int)
        /// The cluster ends, for this reason, for people.
        case giveUp(String)
    }

    /// Ends that come sooner than that after a start count as one row of failures.
    static let quickEndSeconds = 10.0
    /// So many in a row are enough, where the cause is not one that may pass.
    static let quickEndsMax = 5

    private let role: String
    private var quickEnds = 0

    /// A role that has not ended yet.
    init(role: String) {
        self.role = role
    }

    /// Judges an end. A role goes on for ever where the cause may pass; one that ends before the cluster was ever ready
    /// will not do better the second time.
    ///
    /// - Parameters:
    ///   - code: an exit code, or a signal's number negated.
    ///   - seconds: since its start.
    ///   - wasReady: whether all roles took work at some time.
    ///   - isHeard: whether somebody hears what the cluster ends of, who does not see what the role itself has said.
    mutating func judge(
        _ end: Children.End,
        code: Int32,
        afterSeconds seconds: Double,
        wasReady: Bool,
        isHeard: Bool
    ) -> Verdict {
        guard wasReady else {
            let cause = isHeard ? ": \(end.cause)" : "; see above"
            return .giveUp("the \(role) ended with code \(code) before it was ready\(cause)")
        }
        if end.isDrained { return .stayAway }
        quickEnds = seconds < Self.quickEndSeconds ? quickEnds + 1 : 0
        guard end.mayPass || quickEnds < Self.quickEndsMax else {
            return .giveUp("the \(role) ended \(quickEnds) times in a row: \(end.cause)")
        }
        return .startAgain(milliseconds: min(500 << min(quickEnds, 5), 10_000))
    }
}
