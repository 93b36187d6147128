internal import CascadeCore

/// What the client sees of one job, by its own clock.
struct JobTrace {
    /// When the job was sent.
    let started: Instant
    /// Tokens received so far.
    private(set) var tokens = 0
    /// From sending to the first token.
    private(set) var firstTokenMilliseconds: Double?
    /// For each later delta: the time since the one before, over its tokens.
    private(set) var betweenTokensMilliseconds: [Double] = []
    private var lastDelta: Instant

    /// A job that is sent now.
    init(started: Instant) {
        self.started = started
        lastDelta = started
    }

    /// Tokens up to `total` have arrived. Returns how many of them are new.
    @discardableResult
    mutating func receive(total: Int, at now: Instant) -> Int {
        let new = total - tokens
        guard new > 0 else { return 0 }
        let milliseconds = now.milliseconds(since: lastDelta)
        if firstTokenMilliseconds == nil {
            firstTokenMilliseconds = milliseconds
        } else {
            betweenTokensMilliseconds.append(milliseconds / Double(new))
        }
        tokens = total
        lastDelta = now
        return new
    }
}
