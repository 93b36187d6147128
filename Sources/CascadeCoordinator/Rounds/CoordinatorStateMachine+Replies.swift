import CascadeCore
import CascadeRules
import OrderedCollections

/// What nodes answer. A reply that no outstanding request waits for is counted and dropped; one that breaks a rule is
/// a failure of its request.
extension CoordinatorStateMachine {
    mutating func takeDraft(_ drafted: Drafted, from node: NodeHandle) {
        guard let index = requests.index(of: drafted.fence, at: node), requests[index].role == .drafter,
            let job = jobs[requests[index].job], let sequence = job.sequence
        else {
            transitions.count(.replyStale)
            return
        }
        let request = requests[index]
        if let problem = problem(of: drafted, count: request.count, sequence) {
            reportInvalid(node, problem)
            blame(index, "its replies break a rule: \(problem)")
            failDraft(index)
            return
        }
        let endsText = drafted.positions.last.map { sequence.spec.guardTokens.contains($0.token) } ?? false
        var draft = RoundDraft(source: .model, positions: drafted.positions)
        draft.lastRequest = requests.lastNumber
        draft.isStoppedEarly =
            job.minimumConfidence > 0 && draft.positions.count < request.count && !endsText
        compareCosts(request, passes: drafted.passes, rows: drafted.rows, milliseconds: drafted.milliseconds)
        requests.remove(at: index)
        noteGoodAnswer(node)
        jobs.changeSequence(of: request.job) { $0.noteDraft() }
        if sequence.spec.rule.rule.isSequential, !draft.positions.isEmpty {
            commitUnjudged(draft, request.job)
            return
        }
        jobs.changeSequence(of: request.job) { $0.take(draft) }
        jobs.wait(request.job)
    }

    private func problem(of drafted: Drafted, count: Int, _ sequence: ActiveSequence) -> String? {
        if drafted.positions.count > count {
            return "\(drafted.positions.count) tokens were drafted, but \(count) were asked for"
        }
        for position in drafted.positions {
            if position.row.tokens.count > sequence.spec.draftSupport {
                return "a drafted row has \(position.row.tokens.count) entries, more than \(sequence.spec.draftSupport)"
            }
            if let words = Rules.problem(draft: position, vocabularyCount: sequence.vocabulary.count) { return words }
        }
        return nil
    }

    mutating func takeVerdict(_ verified: Verified, from node: NodeHandle) {
        guard let index = requests.index(of: verified.fence, at: node), requests[index].role == .expert,
            case .verifying(let draft)? = jobs[requests[index].job]?.sequence?.phase
        else {
            transitions.count(.replyStale)
            return
        }
        if let problem = problem(of: verified, draft.positions, requests[index].job) {
            reportInvalid(node, problem)
            blame(index, "its replies break a rule: \(problem)")
            failVerification(index, because: problem)
            return
        }
        let request = requests[index]
        compareCosts(request, passes: verified.passes, rows: verified.rows, milliseconds: verified.milliseconds)
        noteGoodAnswer(node)
        commit(verified, draft, request.job, by: node)
    }

    private func problem(of verified: Verified, _ draft: [DraftedPosition], _ id: JobID) -> String? {
        guard let sequence = jobs[id]?.sequence else { return nil }
        let hasBonus = draft.isEmpty || sequence.spec.rule.bonus == .target
        if hasBonus != (verified.bonus != nil) {
            return hasBonus ? "the token behind the draft is missing" : "a token behind the draft was not asked for"
        }
        return Rules.problem(
            evidence: verified.evidence,
            bonus: verified.bonus,
            draft: draft,
            vocabularyCount: sequence.vocabulary.count
        ) ?? problem(ofLogprobs: verified, sequence)
    }

    /// An expert may leave log probabilities out, as one does that does not know of them: the tokens then have none.
    private func problem(ofLogprobs verified: Verified, _ sequence: ActiveSequence) -> String? {
        if verified.logprobs.isEmpty { return nil }
        guard let most = sequence.spec.logprobs else { return "log probabilities were not asked for" }
        let rows = verified.evidence.count + (verified.bonus == nil ? 0 : 1)
        guard verified.logprobs.count == rows else {
            return "\(plural(rows, "row")) came with log probabilities of \(verified.logprobs.count)"
        }
        let count = sequence.vocabulary.count
        for (index, row) in verified.logprobs.enumerated() {
            guard (row.drafted != nil) == (index < verified.evidence.count) else {
                return "the log probability of a drafted token is missing, or there is one where none was drafted"
            }
            guard row.top.count <= Int(most) else {
                return "log probabilities of \(row.top.count) tokens are told, not of \(most) at most"
            }
            guard row.top.allSatisfy({ $0.token < count }) else {
                return "a token outside the vocabulary has a log probability"
            }
        }
        return nil
    }

    private mutating func reportInvalid(_ handle: NodeHandle, _ problem: String) {
        transitions.count(.requestInvalid)
        let name = nodes[handle]?.hello.identity.name ?? ""
        log(.warning, "a node's reply breaks a rule", LogField("node", name), LogField("reason", problem))
    }

    mutating func takeMissing(_ missing: Missing, from node: NodeHandle) {
        guard let index = requests.index(of: missing.fence, at: node),
            let sequence = jobs[requests[index].job]?.sequence
        else {
            transitions.count(.replyStale)
            return
        }
        let request = requests[index]
        transitions.count(.requestMissing)
        requests[index].misses += 1
        guard request.misses < limits.missingPerRequest else {
            fail(index, because: "a node lacked what it had been sent \(request.misses) times")
            return
        }
        var holding = sequence.holding(of: node)
        if missing.needsSpec { holding.hasSpec = false }
        // A node that misses tokens but claims all that it was thought to hold is sent everything.
        let isSpecAlone = missing.needsSpec && missing.length >= request.knownLength
        let length =
            Int(missing.length) < request.knownLength ? Int(missing.length) : isSpecAlone ? request.knownLength : 0
        holding.length = length
        holding.hash = sequence.hash(ofFirst: length)
        jobs.changeSequence(of: request.job) { $0.setHolding(holding) }
        resend(index)
    }

    mutating func takeFailure(_ failed: Failed, from node: NodeHandle) {
        guard let index = requests.index(of: failed.fence, at: node) else {
            transitions.count(.replyStale)
            return
        }
        transitions.count(.requestFailed)
        let name = nodes[node]?.hello.identity.name ?? ""
        log(.warning, "a node failed a request", LogField("node", name), LogField("reason", failed.message))
        fail(index, because: failed.message)
    }

    private mutating func blame(_ index: Int, _ words: String) {
        guard let name = nodes[requests[index].node]?.name else { return }
        blame(name, for: requests[index].job, because: words)
    }

    /// A node could not do what was asked of it.
    mutating func fail(_ index: Int, because problem: String) {
        blame(index, "it fails: \(problem)")
        switch requests[index].role {
        case .drafter: failDraft(index)
        case .expert: failVerification(index, because: problem)
        }
    }
}
