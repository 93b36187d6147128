import CascadeCore

/// How long a node takes to answer what needs no work: the network's share of a request. The least of the last pings'
/// times, as whatever disturbs one makes it longer.
struct RoundTrip: Sendable {
    /// What is assumed before a ping was answered, in milliseconds.
    static let unknown = 0.5
    private static let window = 8

    private var sent: (number: UInt64, at: Instant)?
    private var times: [Double] = []

    /// The estimate in milliseconds.
    var milliseconds: Double { max(times.min() ?? Self.unknown, Self.unknown) }

    /// A ping leaves.
    mutating func send(_ number: UInt64, at now: Instant) { sent = (number, now) }

    /// A pong is here; one of another ping than the last says nothing.
    mutating func receive(_ number: UInt64, at now: Instant) {
        guard let sent, sent.number == number else { return }
        self.sent = nil
        times.append(now.milliseconds(since: sent.at))
        if times.count > Self.window { times.removeFirst() }
    }
}
