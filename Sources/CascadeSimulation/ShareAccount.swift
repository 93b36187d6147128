import CascadeCoordinator
import CascadeCore

/// An account of what owners are given, beside the coordinator's own: whether they share the cluster by weight, and
/// take no more than they may.
///
/// What is promised. Work is tokens, of prompts and answers, by the weight that its owner has when it is done. A place
/// is given to the owner whose virtual time is the earliest: that of its work, and never before the clock, which is the
/// virtual time of whoever was given the last place (start-time fair queueing; Goyal, Vin and Cheng, 1996). Places are
/// not taken away, so what follows is about the moments when they are given.
///
/// Let m wait from t1 on, all the time with a job that any free place would do for, and let t0 be when m was given the
/// last place before t1. Let f be given a place at t2, behind t1. W is an owner's work in an interval, v its virtual
/// time.
///
///     v_m(t1) <= clock(t1) + W_m(t0, t1)         m was at the clock at t0 and has only worked since, if it was not
///                                                lifted to a later clock meanwhile
///     v_m(t2)  = v_m(t1) + W_m(t1, t2)           who waits is the earliest or behind it: the clock does not lift m
///     v_f(t2) >= clock(t1) + W_f(t1, t2)         nobody is before the clock
///     v_f(t2) <= v_m(t2)                         f was chosen though m waited
///
/// Together: W_f(t1, t2) <= W_m(t0, t2). While m waits, whoever gets a place has had no more since then, by weight,
/// than m has had in the same time and of the places that it held already. Behind t2, f gets at most what is left of
/// the work of its places, the new one included: with both, two owners that wait all the time differ by at most the
/// work of their places, as in the bound l_f / r_f + l_m / r_m of that paper. That f has always waited too is not
/// needed: who comes and goes gains nothing by it.
struct ShareAccount: Sendable {
    fileprivate struct Owner: Sendable {
        var limits = OwnerLimits()
        /// Tokens that it was given, by the weight at that moment.
        var work = 0.0
        /// Its work before its last place; nil where not all that it was given since is known.
        var beforeLastPlace: Double? = 0
        /// Nil where it does not wait.
        var wait: Wait?
        /// Its jobs with places.
        var running = 0
        /// Tokens of its minute that were left at an instant.
        var counted: (left: Double, at: Instant)?
    }

    /// Of an owner that might have had any place since the wait began.
    fileprivate struct Wait: Sendable {
        /// Everybody's work at its beginning.
        let work: [String: Double]
        /// Its own before the last place that it had then.
        let beforeLastPlace: Double
    }

    /// A job with a place, and the tokens of its answer that are accounted for.
    private struct Place: Sendable {
        let job: JobID
        let owner: String
        var tokens: Int
    }

    /// More than rounding makes of some thousand sums.
    private static let tolerance = 1e-6
    private static let minute = 60_000.0

    private var owners: [String: Owner] = [:]
    private var places: [Place] = []
    /// What it was told last.
    private var last: PlaceGauges?
    private var hasNewLimits = false

    /// What an owner may take from now on.
    mutating func set(_ limits: OwnerLimits, of owner: String) {
        owners[owner, default: Owner()].limits = limits
        hasNewLimits = true
    }

    /// Takes in what has become of places; what is wrong with it, in words, or nil.
    /// - Parameter finishedTokens: how long the answer of a job that has ended is; nil where nobody knows any more.
    mutating func note(
        _ gauges: PlaceGauges,
        at now: Instant,
        finishedTokens: (JobID) -> Int?
    ) -> String? {
        guard hasNewLimits || gauges != last else { return nil }
        hasNewLimits = false
        let known = Set(places.map(\.job))
        let new = gauges.running.filter { !known.contains($0.job) }
        takeWork(gauges, at: now, finishedTokens)
        // A place that was given, or tokens that were taken back, in the event that they came with: nobody knows whose.
        if gauges.given != (last?.given ?? 0) + UInt64(new.count) || gauges.takenBack != last?.takenBack ?? 0 {
            for name in Array(owners.keys) { lose(name) }
        }
        last = gauges
        let problem = takePlaces(new, gauges.waiting, at: now)
        noteWaits(gauges.waiting)
        return problem
    }

    /// What jobs that had places were given since the last event.
    private mutating func takeWork(_ gauges: PlaceGauges, at now: Instant, _ finishedTokens: (JobID) -> Int?) {
        for index in places.indices {
            let place = places[index]
            let running = gauges.running.first { $0.job == place.job }
            if running == nil { owners[place.owner]?.running -= 1 }
            guard let tokens = running?.tokens ?? finishedTokens(place.job), tokens >= place.tokens else {
                // An answer was taken back, or nobody knows how it ended.
                lose(place.owner)
                places[index].tokens = running?.tokens ?? 0
                continue
            }
            if tokens > place.tokens { charge(tokens - place.tokens, to: place.owner, at: now) }
            places[index].tokens = tokens
        }
        if places.count > gauges.running.count || !places.elementsEqual(gauges.running, by: { $0.job == $1.job }) {
            places.removeAll { place in !gauges.running.contains { $0.job == place.job } }
        }
    }

    /// What an owner was given is not known to the token any more: whether it waits too long cannot be told before it
    /// is given the next place.
    private mutating func lose(_ name: String) {
        owners[name]?.beforeLastPlace = nil
        owners[name]?.wait = nil
    }

    private mutating func charge(_ tokens: Int, to name: String, at now: Instant) {
        guard var owner = owners[name] else { return }
        owner.work += Double(tokens) / Double(owner.limits.weight)
        if let left = owner.left(at: now, minute: Self.minute) { owner.counted = (left - Double(tokens), now) }
        owners[name] = owner
    }

    // MARK: Places

    /// New places, in the order in which they were given.
    private mutating func takePlaces(
        _ new: [PlaceGauges.Running],
        _ waiting: [String],
        at now: Instant
    ) -> String? {
        guard !new.isEmpty else { return nil }
        // Who has as many as it may once all are given did not wait for the last of them.
        for place in new { owners[place.owner, default: Owner()].running += 1 }
        for name in Array(owners.keys) where !mayTakeAny(name, waiting) { owners[name]?.wait = nil }
        for place in new { owners[place.owner]?.running -= 1 }
        var problem: String?
        for place in new {
            problem = problem ?? limitProblem(of: place.owner, at: now) ?? orderProblem(of: place.owner)
            owners[place.owner]?.takePlace()
            charge(place.promptTokens, to: place.owner, at: now)
            places.append(Place(job: place.job, owner: place.owner, tokens: place.tokens))
        }
        return problem
    }

    /// Whether an owner has a job that waits and would have been given any free place.
    private func mayTakeAny(_ name: String, _ waiting: [String]) -> Bool {
        guard let owner = owners[name], waiting.contains(name) else { return false }
        return owner.limits.maxTokensPerMinute == nil && owner.running < owner.limits.maxNumSeqs ?? .max
    }

    private mutating func noteWaits(_ waiting: [String]) {
        for name in Array(owners.keys) where !mayTakeAny(name, waiting) { owners[name]?.wait = nil }
        for name in waiting where owners[name] == nil { owners[name] = Owner() }
        for name in waiting where owners[name]?.wait == nil && mayTakeAny(name, waiting) {
            guard let beforeLastPlace = owners[name]?.beforeLastPlace else { continue }
            let wait = Wait(work: owners.mapValues(\.work), beforeLastPlace: beforeLastPlace)
            owners[name]?.wait = wait
        }
    }

    // MARK: Judgement

    /// What an owner must not be given a place for.
    private func limitProblem(of name: String, at now: Instant) -> String? {
        guard let owner = owners[name] else { return nil }
        if let most = owner.limits.maxNumSeqs, owner.running >= most {
            return "\(name) is given one more place than the \(most) that it may have"
        }
        if let left = owner.left(at: now, minute: Self.minute), left < -Self.tolerance {
            return "\(name) is given a place with \(left) tokens of its minute left"
        }
        return nil
    }

    /// Whether an owner is given a place that another was to have.
    private func orderProblem(of name: String) -> String? {
        guard let owner = owners[name] else { return nil }
        // Sorted: two runs of one seed say the same.
        for (other, waiter) in owners.sorted(by: { $0.key < $1.key }) where other != name {
            guard let wait = waiter.wait else { continue }
            let given = owner.work - wait.work[name, default: 0]
            let own = waiter.work - wait.beforeLastPlace
            if given > own + Self.tolerance {
                return """
                    \(name) is given a place while \(other) waits, and has had \(given) tokens by weight since that \
                    began, \(other) \(own)
                    """
            }
        }
        return nil
    }
}

extension ShareAccount.Owner {
    fileprivate mutating func takePlace() {
        running += 1
        beforeLastPlace = work
    }

    /// Tokens of a minute that are left, which come back evenly; nil where all may be had.
    fileprivate func left(at now: Instant, minute: Double) -> Double? {
        guard let rate = limits.maxTokensPerMinute.map(Double.init) else { return nil }
        guard let counted else { return rate }
        return min(rate, counted.left + now.milliseconds(since: counted.at) / minute * rate)
    }
}
