import CascadeCore

extension MessageKind {
    /// The lowest number of a message; below are the fields of the head.
    static var firstNumber: UInt64 { 16 }

    /// Whether frame 0 carries token lists, text or many entries, and may be large.
    var isBulky: Bool {
        switch self {
        case .draft, .verify, .submit, .delta, .finished, .jobList, .nodeList, .cancelJobs, .jobsCancelled: true
        default: false
        }
    }

    /// Whether a raw frame may follow.
    var hasRawFrame: Bool {
        switch self {
        case .tokenizerChunk, .drafted, .verify, .verified: true
        default: false
        }
    }
}
