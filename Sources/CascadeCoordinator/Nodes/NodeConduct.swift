import CascadeCore
import OrderedCollections

/// How the node of a name has behaved, whichever process bore the name: one that goes and comes back is not washed
/// clean.
///
/// Two things are kept apart. A node that was *late* is left alone for a moment, if others can do its work now. A node
/// that *fails*, job after job, is out of use as long as any other could ever do its work: for a pause that doubles
/// each time, behind which it gets one sequence at a time until it has answered well for long enough.
struct NodeConduct: Equatable, Sendable {
    /// Whether work should go to it.
    enum Standing: Equatable, Sendable {
        case good
        /// Out of use.
        case resting(until: Instant)
        /// It may show that it is well again: with one sequence.
        case onTrial
    }

    /// Faults with different jobs from which a node is out of use, less what good answers made up for.
    static let bearable = 2.0
    /// What a good answer leaves of the faults before it: one fault in about five answers is too much.
    static let forgiveness = 0.9
    /// Good answers in a row behind which everything is forgotten.
    static let trialAnswers = 32

    /// Unicode scalars of a reason that are kept: it may be a node's own words.
    private static let reasonLength = 200

    /// Why it was out of use last, for people.
    private(set) var reason = ""
    private var faults = 0.0
    /// Whose fault was counted since the last good answer: it may be the job's.
    private var lastJob: JobID?
    private var goodAnswers = 0
    /// Times that it was put out of use.
    private var rests = 0
    private var restsUntil = Instant(nanoseconds: 0)

    /// Until when others are preferred, because it was late.
    private(set) var benchedUntil = Instant(nanoseconds: 0)
    /// Times in a row that it was late.
    private(set) var strikes = 0
    /// What a pass of one row takes at least, where the coordinator found that it takes far longer than the node says.
    var leastMilliseconds: Double?

    /// Whether work should go to it.
    func standing(at now: Instant) -> Standing {
        if rests == 0 { return .good }
        return now < restsUntil ? .resting(until: restsUntil) : .onTrial
    }

    /// Whether forgetting it changes nothing.
    func isClean(at now: Instant) -> Bool {
        faults < 0.05 && rests == 0 && strikes == 0 && benchedUntil <= now && leastMilliseconds == nil
    }

    /// The node failed a job's request: it broke a rule, said that it could not, or went away. Faults in a row with one
    /// job count once.
    ///
    /// - Parameter pause: how long it rests the first time; doubles with each time, up to `longestPause`.
    /// - Returns: for how long it is out of use from now on; nil where nothing has changed.
    mutating func noteFault(
        _ words: String,
        job: JobID,
        at now: Instant,
        pause: UInt64,
        longestPause: UInt64
    ) -> UInt64? {
        goodAnswers = 0
        guard job != lastJob else { return nil }
        lastJob = job
        faults += 1
        if case .resting = standing(at: now) { return nil }
        guard faults >= Self.bearable || rests > 0 else { return nil }
        let milliseconds = min(pause << UInt64(min(rests, 16)), longestPause)
        reason = words.beginning(scalars: Self.reasonLength)
        lastJob = nil
        rests += 1
        restsUntil = now.advanced(milliseconds: milliseconds)
        return milliseconds
    }

    /// The node gave an answer that kept the rules, in time.
    mutating func noteAnswer() {
        faults *= Self.forgiveness
        lastJob = nil
        strikes = 0
        goodAnswers += 1
        guard rests > 0, goodAnswers >= Self.trialAnswers else { return }
        (faults, rests, reason) = (0, 0, "")
    }

    /// The node was late: others are preferred for a while.
    mutating func noteDelay(until end: Instant) {
        strikes += 1
        benchedUntil = end
    }
}

/// The conduct of all nodes of which there is something to remember, by name.
struct NodeConducts: Sendable {
    /// Names that are remembered; more belong to those who draw a new one each time.
    static let limit = 1_024

    /// Those that something was last noted of come last.
    private var conducts: OrderedDictionary<String, NodeConduct> = [:]

    /// Names that something is remembered of.
    var count: Int { conducts.count }

    /// The conduct of a node; a clean one where nothing is remembered.
    subscript(name: String) -> NodeConduct { conducts[name] ?? NodeConduct() }

    /// Notes something of a node.
    mutating func note<Outcome>(_ name: String, at now: Instant, _ change: (inout NodeConduct) -> Outcome) -> Outcome {
        var conduct = conducts[name] ?? NodeConduct()
        let before = conduct
        let outcome = change(&conduct)
        if conduct == before { return outcome }
        conducts.removeValue(forKey: name)
        if !conduct.isClean(at: now) { conducts[name] = conduct }
        if conducts.count > Self.limit { conducts.removeFirst() }
        return outcome
    }
}
