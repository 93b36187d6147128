import CascadeCore

/// Names one registration of a node: a node that is lost and comes back gets a new one, so nothing that belonged to the
/// old one can be mistaken for the new one's.
struct NodeHandle: Hashable, Sendable {
    var rawValue: UInt64
}

/// A node that was taken in.
struct Node: Sendable {
    /// What it said of itself.
    @Boxed var hello: Hello
    /// Where to send.
    var peer: PeerID
    /// Whether work goes to it.
    var state = NodeState.loading
    /// Its measured cost curve, empty until it is ready.
    var costs: [CostPoint] = []
    /// How its answers since compare with that, by its own word.
    var correction = CostCorrection()
    /// The same by the coordinator's clock.
    var watch = PaceWatch()
    /// Drafts that were asked of it although its curve says that they do not pay.
    var probes = 0
    /// Not before then comes another of them.
    var probeNotBefore = Instant(nanoseconds: 0)
    /// Requests that may be outstanding at once.
    var credits = 0
    /// Its last report.
    var progress = Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
    /// What the network takes to it and back.
    var roundTrip = RoundTrip()
    /// What it did with the last seconds.
    var usage = NodeUsage()
    /// When it was last heard.
    var lastHeard: Instant

    /// Its name, which the processes that bear it one after the other share.
    var name: String { hello.identity.name }

    /// What its passes take, as far as that is known: by its own word or by the clock.
    /// The larger of the two factors counts.
    var passCosts: PassCosts? {
        PassCosts(costs)?.scaled(by: max(correction.factor, watch.factor ?? 0))
    }

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
}
