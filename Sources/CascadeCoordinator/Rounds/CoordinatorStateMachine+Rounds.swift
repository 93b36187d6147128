import CascadeCore
import OrderedCollections

/// The life of a round: drafted, verified, and what is sent again.
///
/// A round has one draft. Until its first Verify has left, the round may be given up for a new one with a new number;
/// from then on the draft never changes, and whoever verifies it first commits it.
extension CoordinatorStateMachine {
    /// Lets a waiting sequence take its next step, or puts it back to those that wait.
    mutating func advance(_ id: JobID) {
        guard let sequence = jobs[id]?.sequence else { return }
        guard now >= sequence.notBefore else {
            jobs.wait(id)
            return
        }
        switch sequence.phase {
        case .idle: openRound(id)
        case .drafted(let draft): verify(id, draft)
        case .drafting, .verifying: break
        }
    }

    private mutating func openRound(_ id: JobID) {
        guard jobs.mayTakeUp(id), let expert = expert(for: id), let job = jobs[id], let sequence = job.sequence else {
            jobs.wait(id)
            return
        }
        let plan = planDraft(job, sequence, expert: expert)
        guard plan != .wait, takeUp(id) else {
            jobs.wait(id)
            return
        }
        switch plan {
        case .ask(let drafter, let count):
            transitions.count(.roundDrafting)
            moveToDrafter(drafter, id)
            jobs.changeSequence(of: id) { $0.openRound(.drafting) }
            ask(drafter, id, .drafter, count: count)
        case .lookup(let tokens):
            transitions.count(.roundLookup)
            openRound(id, RoundDraft(lookup: tokens))
        case .none:
            transitions.count(.roundPlain)
            openRound(id, .none)
        case .wait: break
        }
    }

    /// Opens a round whose draft is there, perhaps empty.
    private mutating func openRound(_ id: JobID, _ draft: RoundDraft) {
        jobs.changeSequence(of: id) { $0.openRound(.drafted(draft)) }
        verify(id, draft)
    }

    private mutating func verify(_ id: JobID, _ draft: RoundDraft) {
        guard jobs.mayTakeUp(id), let expert = expert(for: id), hasCredit(expert), let job = jobs[id],
            let sequence = job.sequence,
            !waitsForDrafts(job, at: expert), !shouldHoldBack(job, sequence, draft, at: expert),
            !waitsForSuspect(id, at: expert), makeRoom(for: id, at: expert), takeUp(id)
        else {
            jobs.wait(id)
            return
        }
        transitions.count(sequence.attempts == 0 ? .roundVerifying : .roundRetried)
        jobs.changeSequence(of: id) { [now] in $0.beginVerification(of: draft, at: now) }
        ask(expert, id, .expert)
    }

    // MARK: Requests

    /// Sends a job's current request to a node and remembers it as outstanding. Each attempt to verify a round, whoever
    /// is asked, may be silent for twice as long as the one before.
    mutating func ask(_ node: NodeHandle, _ id: JobID, _ role: NodeRole, count: Int = 0) {
        guard let identity = nodes[node]?.hello.identity, let sequence = jobs[id]?.sequence else { return }
        let now = now
        jobs.change(id) { $0.noteRequest(at: now) }
        // A drafter's is set with each sending.
        let silence = limits.verifySilenceMilliseconds << UInt64(min(sequence.attempts, 6))
        let fence = Fence(
            boot: boot,
            incarnation: identity.incarnation,
            sequence: SequenceID(job: id),
            round: sequence.round
        )
        requests.add { number in
            Request(
                number: number,
                node: node,
                job: id,
                role: role,
                fence: fence,
                knownLength: 0,
                count: count,
                silenceMilliseconds: silence,
                silenceDeadline: now,
                totalDeadline: now
            )
        }
        resend(requests.count - 1)
    }

    /// Sends an outstanding request with the tail that its node needs, and starts its clocks.
    mutating func resend(_ index: Int) {
        let request = requests[index]
        guard let job = jobs[request.job], let sequence = job.sequence else { return }
        var holding = sequence.holding(of: request.node)
        let prefix = sequence.prefix(behind: holding)
        let spec = holding.hasSpec ? nil : sequence.spec
        holding.hasSpec = true
        jobs.changeSequence(of: request.job) { $0.setHolding(holding) }
        let prefill = UInt64(prefix.tail.count) * limits.prefillMillisecondsPerToken
        requests[index].knownLength = holding.length
        requests[index].missing = prefix.tail.count
        requests[index].rows = prefix.tail.count
        if case .verifying(let draft) = sequence.phase { requests[index].rows += draft.positions.count }
        requests[index].sentAt = now
        noteWork(of: index)
        if request.role == .drafter { requests[index].silenceMilliseconds = draftPatience(requests[index], job) }
        requests[index].restartSilence(at: now)
        requests[index].totalDeadline = now.advanced(milliseconds: limits.requestMilliseconds + prefill)
        if case .verifying(let draft) = sequence.phase {
            requests[index].hedgeAt = hedgeInstant(of: requests[index])
            let verify = Verify(
                fence: request.fence,
                specID: sequence.spec.id,
                spec: spec,
                prefix: prefix,
                draft: draft.positions
            )
            send(.verify(verify), to: request.node)
        } else {
            requests[index].holdUntil = holdInstant(of: requests[index])
            let draft = Draft(
                fence: request.fence,
                specID: sequence.spec.id,
                spec: spec,
                prefix: prefix,
                count: UInt32(request.count),
                minimumConfidence: job.minimumConfidence
            )
            send(.draft(draft), to: request.node)
        }
    }

    // MARK: What goes wrong

    /// The drafter is too slow, or could not: the round is given up and the next one does without this drafter.
    mutating func abandonDraft(_ index: Int) {
        let request = requests.remove(at: index)
        withdraw(request.job, from: request.node)
        reopenRound(request.job)
    }

    /// A draft that failed or made no sense: as ``abandonDraft(_:)``, and where there is no other drafter the sequence
    /// asks none for a while.
    mutating func failDraft(_ index: Int) {
        let request = requests[index]
        if !hasOther(than: request.node, .drafter, for: request.job) { restFromDrafting(request.job) }
        abandonDraft(index)
    }

    /// Whether a job that a node has failed has others to ask, now or when they have room.
    func hasOther(than node: NodeHandle, _ role: NodeRole, for id: JobID) -> Bool {
        guard let job = jobs[id], let sequence = job.sequence else { return false }
        let room = sequence.need.most
        let context = role == .expert ? room : sequence.base + 1
        let candidates = candidates(role, of: job.submit, room: room, context: context, for: id)
        return !candidates.isEmpty && !candidates.contains(node)
    }

    /// Whether a job could go on at an expert of another name, trusted with it or not, now or when that has room, or
    /// has loaded.
    func hasAnotherExpert(than name: String, for id: JobID) -> Bool {
        guard let job = jobs[id], let need = job.sequence?.need.most else { return false }
        return [NodeState.ready, .loading].contains { state in
            able(.expert, of: job.submit, room: need, context: need, state: state)
                .contains { nodes[$0]?.name != name }
        }
    }

    /// The sequence asks no drafter for a while, longer with each time in a row.
    mutating func restFromDrafting(_ id: JobID) {
        guard let failures = jobs[id]?.sequence?.draftFailures else { return }
        let resumption = now.advanced(milliseconds: backoff(failures: failures))
        jobs.changeSequence(of: id) { $0.restFromDrafting(until: resumption) }
    }

    private mutating func reopenRound(_ id: JobID) {
        transitions.count(.roundAbandoned)
        jobs.changeSequence(of: id) { $0.giveUpDraft() }
        jobs.wait(id)
    }

    /// An expert could not verify, or its answer made no sense: another one is tried. Where none is trusted, because
    /// all have failed the job, that is after a while, and one that has room now; the same one where there is none.
    mutating func failVerification(_ index: Int, because problem: String) {
        let request = requests.remove(at: index)
        let id = request.job
        guard countFailure(of: id, because: problem), let job = jobs[id], let sequence = job.sequence else { return }
        if let other = requests.ofJob(id).first {
            moveToExpert(other.node, id)
            return
        }
        if hasOther(than: request.node, .expert, for: id) {
            leaveExpert(id)
        } else {
            let next = now.advanced(milliseconds: backoff(failures: sequence.failures - 1))
            jobs.changeSequence(of: id) { $0.delayVerification(until: next) }
            let other = chooseNode(
                .expert,
                of: job.submit,
                need: sequence.need,
                for: id,
                excluding: request.node,
                isLost: true
            )
            if let other { moveToExpert(other, id) }
        }
        verifyAgain(id)
    }

    /// The sequence gives its place at an expert up, for another one as soon as that has room.
    private mutating func leaveExpert(_ id: JobID) {
        guard let expert = jobs[id]?.sequence?.expert else { return }
        transitions.count(.expertChanged)
        jobs.changeSequence(of: id) { $0.move(toExpert: nil) }
        withdraw(id, from: expert)
    }

    /// An expert shows no progress: another one gets the same round beside it, or, if there is none, the same one
    /// gets it again in case it was lost on the way. One that was silent as often as it may be is left for those that
    /// have no room yet.
    mutating func expireVerification(_ index: Int) {
        let request = requests[index]
        let id = request.job
        let isLast = (jobs[id]?.sequence?.failures ?? 0) + 1 >= limits.failuresPerRound
        if isLast, let name = nodes[request.node]?.name { jobs.changeSequence(of: id) { $0.avoid(name) } }
        guard countFailure(of: id, because: "an expert did not answer in time"), let job = jobs[id],
            let sequence = job.sequence
        else { return }
        if let other = requests.ofJob(id).first(where: { $0.node != request.node }) {
            // Two are asked at most; the other one is still within its time.
            requests.remove(at: index)
            moveToExpert(other.node, id)
            withdraw(id, from: request.node)
            return
        }
        transitions.count(.roundRetried)
        requests[index].silenceMilliseconds = min(request.silenceMilliseconds * 2, 86_400_000)
        let other = chooseNode(
            .expert,
            of: job.submit,
            need: sequence.need,
            for: id,
            excluding: request.node,
            isLost: true,
            mustHaveCredit: true
        )
        guard let other, !waitsForSuspect(id, at: other) else {
            if isLast, hasTrustedExpert(id) {
                requests.remove(at: index)
                leaveExpert(id)
                verifyAgain(id)
            } else {
                resend(index)
            }
            return
        }
        if isTrusted(other, with: id) {
            let silence = requests[index].silenceMilliseconds
            requests[index].silenceDeadline = now.advanced(milliseconds: silence)
            requests[index].totalDeadline = now.advanced(milliseconds: silence + limits.requestMilliseconds)
        } else {
            // Silence is no fault; but the next round would leave the other one for the silent one again. Neither is a
            // safe choice: so both are asked.
            if let name = nodes[request.node]?.name { jobs.changeSequence(of: id) { $0.avoid(name) } }
            resend(index)
        }
        moveToExpert(other, id)
        ask(other, id, .expert)
    }

    /// Counts a failed verification; false when it was the last that the job may have, which has ended then. It does
    /// not end while an expert that may do better loads, or has no room yet.
    mutating func countFailure(of id: JobID, because problem: String) -> Bool {
        let counted = jobs.changeSequence(of: id) { sequence in
            sequence.noteFailure()
            return sequence.failures
        }
        guard let failures = counted else { return false }
        if failures < limits.failuresPerRound || awaitsExpert(id) || hasTrustedExpert(id) { return true }
        let message = "\(failures) attempts to verify one round failed; the last: \(problem)"
        finish(id, .error, JobError(code: .nodeFailed, message: message))
        return false
    }

    /// The node of a request is gone.
    mutating func replaceLost(_ request: Request) {
        guard jobs[request.job] != nil else { return }
        switch request.role {
        case .drafter: reopenRound(request.job)
        case .expert:
            if let other = requests.ofJob(request.job).first {
                moveToExpert(other.node, request.job)
            } else {
                verifyAgain(request.job)
            }
        }
    }

    private mutating func verifyAgain(_ id: JobID) {
        if jobs.changeSequence(of: id, { $0.verifyAgain() }) == true { jobs.wait(id) }
    }
}
