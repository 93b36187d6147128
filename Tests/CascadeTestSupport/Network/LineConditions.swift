/// What a ``FaultProxy`` does to the bytes that go one way.
package struct LineConditions: Equatable, Sendable {
    /// Whether bytes come through.
    package enum Passage: Equatable, Sendable {
        /// They do.
        case open
        /// The network is cut, and nobody is told: bytes wait, and come when it is whole again, as what TCP sends again
        /// does. So do the ends of connections.
        case held
        /// The network is cut every second time: whole for that long, held for as long.
        case flapping(Duration)
        /// Bytes are lost, and with them all that follow on their connection.
        case swallowed
    }

    /// What every byte takes longer.
    package var latency = Duration.zero
    /// What it may take beyond that, drawn for each piece; order is kept.
    package var jitter = Duration.zero
    /// Bandwidth of each connection; nil is unlimited.
    package var bytesPerSecond: Int?
    /// Sizes of the writes that bytes are handed on by; nil hands on what is there.
    package var sliceBytes: ClosedRange<Int>?
    /// Whether bytes come through.
    package var passage = Passage.open
    /// Bytes of each connection, from now on, after which it is closed, wherever a message may end; nil is no limit.
    package var closesAfterBytes: Int?
    /// How much later the other side hears that a connection has ended.
    package var closeDelay = Duration.zero

    /// Creates conditions that do nothing, but for these.
    package init(
        latency: Duration = .zero,
        jitter: Duration = .zero,
        bytesPerSecond: Int? = nil,
        sliceBytes: ClosedRange<Int>? = nil,
        passage: Passage = .open,
        closesAfterBytes: Int? = nil,
        closeDelay: Duration = .zero
    ) {
        self.latency = latency
        self.jitter = jitter
        self.bytesPerSecond = bytesPerSecond
        self.sliceBytes = sliceBytes
        self.passage = passage
        self.closesAfterBytes = closesAfterBytes
        self.closeDelay = closeDelay
    }

    /// When held bytes may go on, seen from `now` where the conditions hold since `start`: nil where they may already,
    /// the distant future where nobody knows.
    func heldUntil(now: ContinuousClock.Instant, since start: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        switch passage {
        case .open, .swallowed: return nil
        case .held: return now + .seconds(3_600)
        case .flapping(let period):
            let periods = Int(start.duration(to: now) / period)
            return periods % 2 == 0 ? nil : start + period * (periods + 1)
        }
    }
}
