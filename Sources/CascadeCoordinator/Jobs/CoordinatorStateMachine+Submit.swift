import CascadeCore
import OrderedCollections

/// How jobs come.
extension CoordinatorStateMachine {
    mutating func submit(_ asked: Submit, from peer: PeerID, _ principal: Principal) {
        var submit = asked
        limits.rules.resolve(&submit)
        if let id = jobs.job(of: principal.owner, key: submit.submitKey) {
            repeatSubmission(submit, of: id, from: peer, principal)
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
        if let problem = ignorance(of: submit) ?? biasProblem(of: submit) {
            refuseJob(submit, peer, .badRequest, problem)
            return
        }
        // A gateway can name as many as it likes.
        if jobs.owners[principal.owner.name] == nil { jobs.forgetOwners(beyond: limits.owners) }
        jobs.setLimits(principal.limits, of: principal.owner.name)
        if let (shortage, wait) = shortage(for: submit, from: peer, principal) {
            let message = "\(shortage): try again \(wait < 2_000 ? "later" : "in \((wait + 999) / 1_000) s")"
            refuseJob(submit, peer, .overloaded, message, retryAfterMilliseconds: wait)
            return
        }
        if let problem = deadlineProblem(of: submit, owner: principal.owner.name) {
            transitions.count(.deadlineRefused)
            refuseJob(submit, peer, .deadlineTooShort, problem)
            return
        }
        lastJobNumber += 1
        let job = Job(
            id: newJobID(),
            number: lastJobNumber,
            owner: principal.owner,
            submit: submit,
            seed: submit.seed ?? identifiers.nextSeed(),
            draftLength: submit.draftLength ?? limits.draftLength,
            acceptedAt: now
        )
        take(job)
        transitions.count(.jobAccepted)
        let accepted = AcceptedJob(
            number: job.number,
            submit: submit,
            seed: job.seed,
            draftLength: job.draftLength,
            owner: job.owner
        )
        journal(job.id, .accepted(accepted))
        log(.info, "job accepted", LogField("job", job.id.description), LogField("pool", submit.pool))
        accept(job.id, requestID: submit.requestID, seed: job.seed, job.draftLength, peer)
        prompts.insert(job.id, bytes: job.bytes, of: peer, owner: job.owner.name)
        readNextPrompt()
        guard submit.follow else { return }
        let watch = Watch(requestID: submit.requestID, job: job.id, tokenOffset: 0, byteOffset: 0)
        follow(watch, from: peer, key: principal.owner.key)
    }

    /// What there is too little of for one more job, in words for its client, and the milliseconds after which there
    /// may be more; nil where there is enough of all.
    private func shortage(
        for submit: Submit,
        from peer: PeerID,
        _ principal: Principal
    ) -> (words: String, wait: UInt32)? {
        let (name, most) = (principal.owner.name, principal.limits)
        let pause = limits.retryAfterMilliseconds
        let (count, bytes) = jobs.owners[name].map { ($0.jobs, $0.bytes) } ?? (0, 0)
        if let most = most.maxJobs, count >= most {
            return ("owner \(name) has \(plural(most, "unfinished job")), as many as its keys allow", pause)
        }
        if let most = most.maxQueuedBytes, bytes + submit.byteCount > most {
            return ("the jobs of owner \(name) would have more than the \(most) bytes that its keys allow", pause)
        }
        let wait = jobs.owners.wait(of: name, at: now)
        if wait > 0, let most = most.maxTokensPerMinute {
            let words = "owner \(name) has used the \(most) tokens that its keys allow in a minute"
            return (words, UInt32(clamping: Int(wait.rounded(.up))))
        }
        if prompts.bytes(of: peer, owner: name) + submit.byteCount > limits.unreadBytesPerClient {
            let words = """
                the prompts that this client sent before are not tokenized yet, and with this one they are more than \
                the \(limits.unreadBytesPerClient) bytes that may wait for a client
                """
            return (words, pause)
        }
        let queued = jobs.queuedCount
        let (freeJobs, freeBytes) = (limits.queuedJobs - queued, limits.queuedBytes - jobs.bytes)
        if freeJobs <= 0 || freeBytes < submit.byteCount {
            return ("\(plural(queued, "job waits", "jobs wait")) already", pause)
        }
        // Nobody takes more of the queue than stays free for others (dynamic thresholds; Choudhury and Hahne, 1998).
        let waiting = count - (jobs.owners[name]?.running ?? 0)
        if !name.isEmpty, waiting >= freeJobs || bytes > freeBytes {
            return ("owner \(name) has \(plural(waiting, "job")) waiting, as many as the queue has room for", pause)
        }
        return isJournalBehind ? ("the coordinator waits for its disk", pause) : nil
    }

    /// Enters a job that has not ended.
    mutating func take(_ job: Job) {
        jobs.insert(job)
        pools.noteJob(of: job.submit.pool, at: now)
    }

    /// The same key again: the client did not get the answer, or has a new connection.
    private mutating func repeatSubmission(
        _ submit: Submit,
        of id: JobID,
        from peer: PeerID,
        _ principal: Principal
    ) {
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
        let watch = Watch(requestID: submit.requestID, job: id, tokenOffset: 0, byteOffset: 0)
        follow(watch, from: peer, key: principal.owner.key)
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

    private mutating func problem(of submit: Submit) -> String? {
        if let problem = formProblem(of: submit) ?? limits.rules.refusal(of: submit.rule.rule) { return problem }
        return submit.constraint.flatMap { constraintVerdicts.problem(of: $0) }
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
