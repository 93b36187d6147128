import CascadeCore
import OrderedCollections

/// How jobs come.
extension CoordinatorStateMachine {
    mutating func submit(_ asked: Submit, from peer: PeerID) {
        var submit = asked
        limits.rules.resolve(&submit)
        if let id = jobs.job(ofKey: submit.submitKey) {
            repeatSubmission(submit, of: id, from: peer)
            return
        }
        if let problem = problem(of: submit) {
            refuseJob(submit, peer, .badRequest, problem)
            return
        }
        if let absence = absence(ofPool: submit.pool) {
            refuseJob(submit, peer, .badRequest, absence)
            return
        }
        guard prompts.bytes(of: peer) + submit.byteCount <= limits.unreadBytesPerClient else {
            let message = """
                the prompts that this client sent before are not tokenized yet, and with this one they are more than \
                the \(limits.unreadBytesPerClient) bytes that may wait for a client: try again when some of those jobs \
                have begun, or cancel some
                """
            let wait = limits.retryAfterMilliseconds
            refuseJob(submit, peer, .overloaded, message, retryAfterMilliseconds: wait)
            return
        }
        let queued = jobs.queuedCount
        guard queued < limits.queuedJobs, jobs.bytes + submit.byteCount <= limits.queuedBytes else {
            let message = "\(plural(queued, "job waits", "jobs wait")) already: try again later"
            let wait = limits.retryAfterMilliseconds
            refuseJob(submit, peer, .overloaded, message, retryAfterMilliseconds: wait)
            return
        }
        guard !isJournalBehind else {
            let message = "the coordinator waits for its disk: try again later"
            let wait = limits.retryAfterMilliseconds
            refuseJob(submit, peer, .overloaded, message, retryAfterMilliseconds: wait)
            return
        }
        lastJobNumber += 1
        let job = Job(
            id: newJobID(),
            number: lastJobNumber,
            submit: submit,
            seed: submit.seed ?? identifiers.nextSeed(),
            draftLength: submit.draftLength ?? limits.draftLength,
            acceptedAt: now
        )
        take(job)
        transitions.count(.jobAccepted)
        let accepted = AcceptedJob(number: job.number, submit: submit, seed: job.seed, draftLength: job.draftLength)
        journal(job.id, .accepted(accepted))
        log(.info, "job accepted", LogField("job", job.id.description), LogField("pool", submit.pool))
        accept(job.id, requestID: submit.requestID, seed: job.seed, job.draftLength, peer)
        prompts.insert(job.id, bytes: job.bytes, of: peer)
        readNextPrompt()
        guard submit.follow else { return }
        follow(Watch(requestID: submit.requestID, job: job.id, tokenOffset: 0, byteOffset: 0), from: peer)
    }

    /// Enters a job that has not ended.
    mutating func take(_ job: Job) {
        jobs.insert(job)
        pools.noteJob(of: job.submit.pool, at: now)
    }

    /// The same key again: the client did not get the answer, or has a new connection.
    private mutating func repeatSubmission(_ submit: Submit, of id: JobID, from peer: PeerID) {
        let first = jobs[id]?.submit ?? finished[id]?.submit
        guard let first, first.asksForTheSame(as: submit) else {
            let message = "this submit key belongs to another submission: draw a new key for every new job"
            refuseJob(submit, peer, .badRequest, message)
            return
        }
        transitions.count(.jobRepeated)
        if let job = jobs[id] {
            accept(id, requestID: submit.requestID, seed: job.seed, job.draftLength, peer)
        } else if let report = finished[id]?.report {
            accept(id, requestID: submit.requestID, seed: report.seed, report.draftLength, peer)
        }
        guard submit.follow, jobs[id]?.watchers.contains(where: { $0.peer == peer }) != true else { return }
        follow(Watch(requestID: submit.requestID, job: id, tokenOffset: 0, byteOffset: 0), from: peer)
    }

    private mutating func accept(
        _ id: JobID,
        requestID: UInt64,
        seed: UInt64,
        _ draftLength: DraftLength,
        _ peer: PeerID
    ) {
        send(.accepted(Accepted(requestID: requestID, job: id, seed: seed, draftLength: draftLength)), to: peer)
    }

    private mutating func refuseJob(
        _ submit: Submit,
        _ peer: PeerID,
        _ code: RefusalCode,
        _ message: String,
        retryAfterMilliseconds: UInt32 = 0
    ) {
        transitions.count(.jobRefused)
        refuse(
            peer,
            code,
            message,
            requestID: submit.requestID,
            retryAfterMilliseconds: retryAfterMilliseconds
        )
    }

    private mutating func newJobID() -> JobID {
        // 64 random bits against at most some thousand jobs: the second draw has never been needed.
        var id = JobID(rawValue: identifiers.next())
        while jobs[id] != nil || finished[id] != nil { id = JobID(rawValue: identifiers.next()) }
        return id
    }

    private func problem(of submit: Submit) -> String? {
        formProblem(of: submit) ?? limits.rules.refusal(of: submit.rule.rule)
    }

    /// What makes no sense about a submission, whoever may ask for what.
    func formProblem(of submit: Submit) -> String? {
        if let problem = limits.job.problem(of: submit) { return problem }
        if !(0...1).contains(submit.draftMinimumConfidence) {
            return "draft-p-min must be between 0 and 1, not \(submit.draftMinimumConfidence)"
        }
        if submit.rule.rule.isSequential, submit.drafterKind == .lookup {
            return """
                rule \(submit.rule.rule.rawValue) is about a drafter's confidence, and lookup has none: let a model \
                draft
                """
        }
        return submit.sampling.problem ?? submit.rule.problem(sampling: submit.sampling)
    }
}
