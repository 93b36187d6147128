import CascadeCore

/// Names one registration of a node: a node that is lost and comes back gets a new one, so nothing that belonged to the
/// old one can be mistaken for the new one's.
struct NodeHandle: Hashable, Sendable {
    var rawValue: UInt64
}

/// How a node's cache is divided: sequences take it in pages.
struct CachePages: Equatable, Sendable {
    private let pageTokens: Int
    private let contextLength: Int
    /// Tokens of all pages.
    let capacity: Int

    init(_ hello: Hello) {
        pageTokens = max(1, Int(hello.pageTokens))
        contextLength = Int(hello.contextLength)
        capacity = Self.roundUp(Int(hello.kvTokens), pageTokens)
    }

    /// Tokens of the pages that a sequence of so many tokens takes.
    func tokens(for length: Int) -> Int { Self.roundUp(min(length, contextLength), pageTokens) }

    private static func roundUp(_ tokens: Int, _ pageTokens: Int) -> Int {
        (tokens + pageTokens - 1) / pageTokens * pageTokens
    }
}

/// A node that was taken in.
struct Node: Sendable {
    /// What it said of itself.
    @Boxed var hello: Hello
    /// Where to send.
    private(set) var peer: PeerID
    /// Whether work goes to it.
    private(set) var state = NodeState.loading
    /// Its measured cost curve, empty until it is ready.
    private(set) var costs: [CostPoint] = []
    /// How its answers since compare with that, by its own word.
    private(set) var correction = CostCorrection()
    /// The same by the coordinator's clock.
    private(set) var watch = PaceWatch()
    /// Drafts that were asked of it although its curve says that they do not pay.
    private var probes = 0
    /// Not before then comes another of them.
    private var probeNotBefore = Instant(nanoseconds: 0)
    /// Requests that may be outstanding at once.
    private(set) var credits = 0
    /// Its last report.
    private(set) var progress = Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
    /// When an answer of it was last timed, and how often in a row it was still slow behind a pause.
    private var lastTimed: Instant
    private var doubts = 0
    /// What the network takes to it and back.
    private(set) var roundTrip = RoundTrip()
    /// What it did with the last seconds.
    private(set) var usage = NodeUsage()
    /// When it was last heard.
    private(set) var lastHeard: Instant

    /// Its name, which the processes that bear it one after the other share.
    var name: String { hello.identity.name }

    /// What its passes take, as far as that is known: by its own word or by the clock.
    /// The larger of the two factors counts.
    var passCosts: PassCosts? { PassCosts(costs)?.scaled(by: slowness) }

    private var slowness: Double { max(correction.factor, watch.factor ?? 0) }

    /// The same where nobody has asked it for a while: its own curve. What was slow then may have passed, and only an
    /// answer can tell; each time that it has not, the pause before the next try is twice as long.
    func passCosts(idleAt now: Instant) -> PassCosts? {
        isForgotten(at: now) ? PassCosts(costs) : passCosts
    }

    private func isForgotten(at now: Instant) -> Bool {
        let pause = CostCorrection.lifetimeMilliseconds << UInt64(min(doubts, Self.mostDoubts))
        return now.milliseconds(since: lastTimed) >= Double(pause)
    }

    /// Doublings of the pause behind which a slow node is tried again, at most: five seconds become five minutes.
    private static let mostDoubts = 6
    /// How many times slower than its curve a node is where it is to be tried less often.
    private static let slow = 2.0

    /// Whether to ask for a draft only to see how long it takes, because nobody knows any more.
    func needsProbe(at now: Instant) -> Bool { correction.isStale(at: now) && now >= probeNotBefore }

    /// Counts such a draft. They come in pairs: the first brings the node the tokens that it lacks, which may be too
    /// many for its answer to be timed.
    mutating func countProbe(at now: Instant) {
        probes += 1
        if probes % 2 == 0 { probeNotBefore = now.advanced(milliseconds: CostCorrection.lifetimeMilliseconds) }
    }

    /// Most tokens of one sequence that it can hold.
    var capacity: Int { Int(min(hello.contextLength, hello.kvTokens)) }
    /// How its cache is divided.
    var pages: CachePages { CachePages(hello) }

    init(hello: Hello, peer: PeerID, lastHeard: Instant) {
        _hello = Boxed(wrappedValue: hello)
        self.peer = peer
        self.lastHeard = lastHeard
        lastTimed = lastHeard
    }
}

/// What becomes of a node.
extension Node {
    /// It has been heard, or nobody could have heard it.
    mutating func hear(at now: Instant) { lastHeard = now }

    /// It speaks from another address now.
    mutating func rebind(to peer: PeerID) { self.peer = peer }

    /// It has loaded its model and takes so many requests at once. True where it was loading until now.
    mutating func begin(credits: Int) -> Bool {
        self.credits = credits
        guard state == .loading else { return false }
        state = .ready
        return true
    }

    /// It finishes what it has, and gets nothing more. True where that is new.
    mutating func drain() -> Bool {
        defer { state = .draining }
        return state != .draining
    }

    /// It says what its passes cost. Where an earlier process of its name was found to understate that by far, its word
    /// counts once answers bear it out.
    ///
    /// - Parameter least: milliseconds that a pass of one row takes at least, as far as that was found.
    mutating func takeCosts(_ costs: [CostPoint], least: Double?) {
        guard costs != self.costs else { return }
        self.costs = costs
        correction = CostCorrection()
        let said = PassCosts(costs)?.milliseconds(rows: 1)
        watch = PaceWatch(factor: least.flatMap { least in said.map { least / $0 } })
    }

    /// Compares how long an answer took with what its curve says: its passes by its own word, the whole by the
    /// coordinator's clock. True where that changed what its passes are taken to cost by the clock.
    mutating func compareCosts(
        _ request: Request,
        passes: UInt32,
        rows: UInt32,
        milliseconds: Double,
        at now: Instant
    ) -> Bool {
        guard let curve = PassCosts(costs) else { return false }
        let wasForgotten = isForgotten(at: now)
        defer {
            lastTimed = now
            if slowness < Self.slow { doubts = 0 } else if wasForgotten { doubts += 1 }
        }
        if passes > 0, rows >= passes {
            let expected = Double(passes) * curve.milliseconds(rows: Int(rows / passes))
            correction.observe(expected: expected, measured: milliseconds, at: now)
        }
        let before = watch.factor
        watch.observe(
            waited: now.milliseconds(since: request.sentAt) - roundTrip.milliseconds,
            expected: request.workAround,
            own: curve.milliseconds(rows: request.rows)
                + Double(max(0, request.count - 1)) * curve.milliseconds(rows: 1),
            correction: correction.factor
        )
        return watch.factor != before
    }

    /// Milliseconds that a pass of one row takes at least, where that is far more than it says.
    var leastMilliseconds: Double? {
        guard let factor = watch.factor, let curve = PassCosts(costs) else { return nil }
        return factor * curve.milliseconds(rows: 1)
    }

    /// A ping leaves for it.
    mutating func notePing(_ number: UInt64, at now: Instant) { roundTrip.send(number, at: now) }

    /// It answered a ping. True where it has ended passes since its last answer.
    mutating func takePong(_ pong: Pong, at now: Instant) -> Bool {
        roundTrip.receive(pong.number, at: now)
        // A late pong must not turn the counter back.
        guard pong.progress.passes >= progress.passes else { return false }
        defer {
            progress = pong.progress
            usage.take(pong.progress)
        }
        return pong.progress.passes > progress.passes
    }
}
