import CascadeCore
import OrderedCollections

/// What owners have in the cluster and have had of it, and whose turn it is.
///
/// Weighted fair queueing by tokens of work: an owner's virtual time grows by its tokens, of prompts and answers,
/// divided by its weight, and the owner with the earliest time goes first. The clock is the time of whoever was given a
/// place last, and nobody's time is before it: what an owner does not use, because it has nothing to do or may not, is
/// not saved up (start-time fair queueing; Goyal, Vin and Cheng, 1996).
struct OwnerTable: Sendable {
    /// What an owner has of the cluster, and had.
    struct Entry: Sendable {
        /// What it may take.
        fileprivate(set) var limits = OwnerLimits()
        /// Jobs that have not ended.
        fileprivate(set) var jobs = 0
        /// Those of them whose rounds run.
        fileprivate(set) var running = 0
        /// Bytes of their submissions.
        fileprivate(set) var bytes = 0
        /// Its work, by its weight.
        fileprivate var virtualTime = 0.0
        /// What it was given since the coordinator's start.
        fileprivate(set) var usage = OwnerUsage()
        /// Tokens of a minute that were left at an instant; below zero where its jobs took more than there were. Nil
        /// before it took any.
        fileprivate var left: (tokens: Double, at: Instant)?
    }

    fileprivate static let minute = 60_000.0

    private var owners: OrderedDictionary<String, Entry> = [:]
    /// Before it nobody's virtual time is.
    private var clock = 0.0

    subscript(name: String) -> Entry? { owners[name] }
    /// By name, in the order in which they came.
    var elements: OrderedDictionary<String, Entry>.Elements { owners.elements }
    var count: Int { owners.count }
    /// Whether more than one has jobs.
    var areSeveral: Bool { owners.values.lazy.filter { $0.jobs > 0 }.prefix(2).count > 1 }

    func virtualTime(of name: String) -> Double { max(clock, owners[name]?.virtualTime ?? 0) }

    /// Whether one more of its jobs may run.
    func mayRun(_ name: String, at now: Instant) -> Bool {
        guard let owner = owners[name] else { return true }
        return owner.running < owner.limits.maxNumSeqs ?? .max && wait(of: name, at: now) == 0
    }

    /// Milliseconds until an owner's tokens of a minute allow more work; 0 where they do.
    func wait(of name: String, at now: Instant) -> Double {
        guard let owner = owners[name], let rate = owner.limits.maxTokensPerMinute.map(Double.init) else { return 0 }
        let left = owner.left(at: now, rate: rate)
        return left > 0 ? 0 : (1 - left) / rate * Self.minute
    }

    // MARK: Changes

    /// What an owner may take, from now on.
    mutating func set(_ limits: OwnerLimits, of name: String) { owners[name, default: Entry()].limits = limits }

    /// An owner has one more job, of so many bytes.
    mutating func add(bytes: Int, to name: String) {
        change(name) { owner in
            owner.jobs += 1
            owner.bytes += bytes
        }
    }

    /// A job has ended.
    mutating func remove(bytes: Int, isRunning: Bool, from name: String) {
        change(name) { owner in
            owner.jobs -= 1
            owner.bytes -= bytes
            if isRunning { owner.running -= 1 }
            owner.usage.jobs += 1
        }
    }

    /// An owner was given a place: the rounds of a job run from now on, and its prompt is the first work.
    mutating func begin(promptTokens: Int, of name: String, at now: Instant) {
        advanceClock(to: virtualTime(of: name))
        change(name) { owner in
            owner.running += 1
            owner.usage.promptTokens += UInt64(promptTokens)
        }
        take(promptTokens, from: name, at: now)
    }

    /// Nobody who waits for anything is before that time.
    mutating func advanceClock(to time: Double) { clock = max(clock, time) }

    /// A round of one of its jobs was committed.
    mutating func charge(_ tokens: Int, isDrafted: Bool, to name: String, at now: Instant) {
        change(name) { owner in
            owner.usage.completionTokens += UInt64(tokens)
            owner.usage.rounds += 1
            if isDrafted { owner.usage.draftedRounds += 1 }
        }
        take(tokens, from: name, at: now)
    }

    private mutating func take(_ tokens: Int, from name: String, at now: Instant) {
        let time = virtualTime(of: name)
        change(name) { owner in
            owner.virtualTime = time + Double(tokens) / Double(owner.limits.weight)
            guard let rate = owner.limits.maxTokensPerMinute.map(Double.init) else { return }
            owner.left = (owner.left(at: now, rate: rate) - Double(tokens), now)
        }
    }

    /// Forgets owners without jobs, those that came first before others, until there are no more than `most`.
    mutating func forget(beyond most: Int) {
        guard owners.count > most else { return }
        var excess = owners.count - most
        owners.removeAll { _, owner in
            guard excess > 0, owner.jobs == 0 else { return false }
            excess -= 1
            return true
        }
    }

    private mutating func change(_ name: String, _ body: (inout Entry) -> Void) {
        body(&owners[name, default: Entry()])
    }
}

extension OwnerTable.Entry {
    /// Tokens of a minute that are left: they come back evenly, up to those of one minute.
    fileprivate func left(at now: Instant, rate: Double) -> Double {
        guard let left else { return rate }
        return min(rate, left.tokens + now.milliseconds(since: left.at) / OwnerTable.minute * rate)
    }
}
