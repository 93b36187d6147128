internal import CascadeCore

/// Which sequences decode, although they have no request here at the moment: a stream spends much of its time between
/// two passes of a node, on the wire and at the other node. One that was answered a moment ago will be back, until it
/// is released. Pure: it is told what time it is.
struct RunningStreams: Sendable {
    /// Milliseconds after which an answered sequence is not expected any more.
    static let forgottenMilliseconds = 2_000.0

    private var answeredAt: [SequenceID: Instant] = [:]

    /// A pass has answered these.
    mutating func noteAnswers(_ sequences: some Sequence<SequenceID>, at now: Instant) {
        answeredAt = answeredAt.filter { isRecent($0.value, at: now) }
        for sequence in sequences { answeredAt[sequence] = now }
    }

    /// A sequence has ended here.
    mutating func release(_ sequence: SequenceID) { answeredAt[sequence] = nil }

    /// All have.
    mutating func releaseAll() { answeredAt = [:] }

    /// Whether a sequence decodes that is not left out.
    func isAny(at now: Instant, except isLeftOut: (SequenceID) -> Bool) -> Bool {
        answeredAt.contains { isRecent($0.value, at: now) && !isLeftOut($0.key) }
    }

    private func isRecent(_ answer: Instant, at now: Instant) -> Bool {
        now.milliseconds(since: answer) < Self.forgottenMilliseconds
    }
}
