import CascadeCore
import OrderedCollections

/// What slow nodes do to sequences, and what is done about it: an expert's late request is sent to another expert
/// beside the first, a sequence leaves an expert that is slower than another by so much that its cache is worth less,
/// and a late draft is done without.
extension CoordinatorStateMachine {
    /// Milliseconds until a node that gets `rows` more rows now has answered them; nil where its costs are not known.
    func expectedMilliseconds(_ handle: NodeHandle, rows: Int, for job: JobID? = nil) -> Double? {
        guard let (roundTrip, costs) = pace(of: handle, for: job) else { return nil }
        return roundTrip + costs.milliseconds(rows: requests.rows(at: handle) + rows)
    }

    /// When an expert's request is late: when it has taken several times what its node's costs say. Nil where they are
    /// not known.
    func hedgeInstant(of request: Request) -> Instant? {
        guard let own = expectedMilliseconds(request.node, rows: 0) else { return nil }
        return now.advanced(milliseconds: lateMilliseconds(own))
    }

    /// How long a drafter may show no progress before its round goes on without a draft. Where bytes hang on what is
    /// drafted, that is not before the drafter is as good as lost.
    func draftPatience(_ request: Request, _ job: Job) -> UInt64 {
        let longest = limits.draftSilenceMilliseconds
        guard !job.needsItsDrafts, let costs = nodes[request.node]?.passCosts,
            let reading = expectedMilliseconds(request.node, rows: 0)
        else { return longest }
        let step = costs.milliseconds(rows: max(1, load(of: request.node).sequences))
        return min(longest, lateMilliseconds(reading + Double(request.count) * step))
    }

    /// When something is late that should take so long.
    private func lateMilliseconds(_ expected: Double) -> UInt64 {
        UInt64(min(max(Double(limits.hedgeMilliseconds), Self.hedgeFactor * expected), 86_400_000))
    }

    /// How many times the expected duration a request may take before it is late.
    private static let hedgeFactor = 4.0

    /// The expert that a late request would go to, and the milliseconds it would take.
    private func alternative(to request: Request, _ sequence: ActiveSequence) -> (NodeHandle, Double)? {
        guard let submit = jobs[request.job]?.submit else { return nil }
        let other = chooseNode(
            .expert,
            of: submit,
            need: sequence.need,
            for: request.job,
            excluding: request.node,
            mustHaveCredit: true
        )
        // One that failed the job, or is stuck by its own word, would only take the second of two places, and fail
        // again.
        guard let other, isTrusted(other, with: request.job), !waitsForSuspect(request.job, at: other),
            let time = expectedMilliseconds(other, rows: sequence.base + request.rows, for: request.job)
        else { return nil }
        return (other, time)
    }

    /// Asks another expert beside those that are late; two work on a round at most, and the first answer counts. Not
    /// before a request has taken as long as the other would from the start, prompt and all: so waiting and asking cost
    /// at most twice the better of the two.
    mutating func hedgeLateRequests() {
        for request in requests where request.hedgeAt.map({ $0 <= now }) ?? false {
            guard let index = requests.index(of: request.fence, at: request.node) else { continue }
            // Two are asked already, or nobody has room now: that may change.
            requests[index].hedgeAt = now.advanced(milliseconds: limits.hedgeMilliseconds)
            guard let sequence = jobs[request.job]?.sequence, requests.ofJob(request.job).count == 1,
                let (other, time) = alternative(to: request, sequence)
            else { continue }
            let worthwhile = request.sentAt.advanced(milliseconds: UInt64(min(time, 86_400_000)))
            guard worthwhile <= now else {
                requests[index].hedgeAt = worthwhile
                continue
            }
            transitions.count(.roundHedged)
            ask(other, request.job, .expert)
        }
    }

    /// A much faster expert than the one that holds a sequence's cache, where moving pays: the rounds that are left
    /// save more than twice what feeding the sequence again costs. Nil as a rule. What either has to do just now does
    /// not count: a prompt that somebody else feeds is over long before the rounds are.
    func fasterExpert(for job: Job, _ sequence: ActiveSequence, than own: NodeHandle) -> NodeHandle? {
        guard nodes.count > 1, let ownTime = passMilliseconds(own, with: load(of: own).sequences, for: job.id) else {
            return nil
        }
        let other = chooseNode(
            .expert,
            of: job.submit,
            need: sequence.need,
            for: job.id,
            excluding: own,
            mustHaveCredit: true
        )
        guard let other, nodes[other].map({ !isShunned($0) }) ?? false, isTrusted(other, with: job.id),
            let otherTime = passMilliseconds(other, with: load(of: other).sequences + 1, for: job.id),
            let feeding = expectedMilliseconds(other, rows: sequence.base, for: job.id),
            ownTime > Self.moveFactor * otherTime
        else { return nil }
        let rounds = Double(min(sequence.remaining, Self.moveHorizon))
        return rounds * (ownTime - otherTime) > 2 * feeding ? other : nil
    }

    /// Milliseconds of a round at a node that a number of sequences share; nil where its costs are not known.
    private func passMilliseconds(_ handle: NodeHandle, with sequences: Int, for job: JobID) -> Double? {
        guard let (roundTrip, costs) = pace(of: handle, for: job) else { return nil }
        return roundTrip + costs.milliseconds(rows: max(1, sequences))
    }

    /// Milliseconds that the network takes to a node and back, and what its passes cost; nil where that is not known.
    private func pace(of handle: NodeHandle, for job: JobID?) -> (roundTrip: Double, costs: PassCosts)? {
        passCosts(of: handle, for: job).flatMap { costs in nodes.read(handle) { ($0.roundTrip.milliseconds, costs) } }
    }

    /// How many times slower an expert must be for its sequences to look for another one.
    private static let moveFactor = 3.0
    /// Rounds ahead that a move may count on: an answer may end any time.
    private static let moveHorizon = 64
}
