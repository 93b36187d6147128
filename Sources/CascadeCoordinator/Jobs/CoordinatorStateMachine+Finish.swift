import CascadeCore
import OrderedCollections

/// How jobs end.
extension CoordinatorStateMachine {
    mutating func cancel(_ cancel: Cancel, from peer: PeerID, _ principal: Principal) {
        guard let state = state(of: cancel.job, for: principal) else {
            refuseUnknown(cancel.job, peer, requestID: cancel.requestID)
            return
        }
        if state != .finished {
            // The canceller's one answer is the one with its request's number.
            dropWatcher(peer, of: cancel.job)
            finish(cancel.job, .cancelled)
        }
        guard let job = finished[cancel.job] else { return }
        send(.finished(Finished(requestID: cancel.requestID, report: job.report)), to: peer)
    }

    mutating func cancelJobs(_ request: CancelJobs, from peer: PeerID, _ principal: Principal) {
        // Sent again because its answer was long in coming: it means the same jobs, not the next ones.
        if let known = cancellations.last(where: { $0.peer == peer && $0.answer.requestID == request.requestID }) {
            send(.jobsCancelled(known.answer), to: peer)
            return
        }
        var answer = JobsCancelled(requestID: request.requestID)
        switch request.selection {
        case .jobs(let ids):
            for id in ids.prefix(CancelJobs.mostJobs) {
                switch state(of: id, for: principal) {
                case nil: answer.unknown.append(id)
                case .finished where !answer.cancelled.contains(id): answer.ended.append(id)
                case .finished: break
                case .queued, .running:
                    finish(id, .cancelled)
                    answer.cancelled.append(id)
                }
            }
        case .scope(let scope):
            let meant = jobs.values.filter { scope.contains($0.owner, for: principal) }.map(\.id)
            answer.cancelled = Array(meant.prefix(CancelJobs.mostJobs))
            answer.remaining = UInt32(clamping: meant.count - answer.cancelled.count)
            for id in answer.cancelled { finish(id, .cancelled) }
        }
        cancellations = cancellations.suffix(limits.rememberedCancellations - 1) + [(peer, answer)]
        send(.jobsCancelled(answer), to: peer)
    }

    /// Keys that were revoked take their jobs with them; what has ended stays. Who may not see a job any more does not
    /// follow it either.
    mutating func followKeys(_ principals: [Principal]) {
        for principal in principals { jobs.setLimits(principal.limits, of: principal.owner.name) }
        jobs.forgetOwners(beyond: limits.owners)
        let known = Dictionary(principals.map { ($0.owner.key, $0) }) { first, _ in first }
        for job in jobs.values {
            for watcher in job.watchers where known[watcher.key]?.maySee(job.owner) != true {
                dropWatcher(watcher.peer, of: job.id)
            }
        }
        let ended = jobs.values.filter { !$0.owner.key.isEmpty && known[$0.owner.key] == nil }
        guard !ended.isEmpty else { return }
        log(.info, "jobs of revoked keys end", LogField("jobs", "\(ended.count)"))
        let error = JobError(code: .forbidden, message: "the key that submitted the job has been revoked")
        for job in ended { finish(job.id, .error, error) }
    }

    /// Where a job stands; nil where there is none, and just so where it is none of the asker's business.
    func state(of id: JobID, for principal: Principal) -> JobState? {
        if let job = jobs[id] { return principal.maySee(job.owner) ? job.state : nil }
        guard let job = finished[id], principal.maySee(job.owner) else { return nil }
        return .finished
    }

    mutating func refuseUnknown(_ job: JobID, _ peer: PeerID, requestID: UInt64) {
        let message = "no job \(job) here: never submitted, forgotten, or lost with an earlier coordinator"
        refuse(peer, .unknownJob, message, requestID: requestID)
    }

    /// Ends a job: nodes forget it, watchers get the rest and the report, the report is kept.
    mutating func finish(_ id: JobID, _ reason: FinishReason, _ error: JobError? = nil) {
        guard jobs[id] != nil else { return }
        // Nobody has seen it, and nobody will know whether it would have stood.
        discardProvisional(id)
        jobs.changeSequence(of: id) { $0.finishText() }
        guard let job = jobs[id] else { return }
        for holding in job.sequence?.holdings ?? [] { release(job, at: holding.node) }
        requests.removeAll(ofJob: id)
        prompts.remove(id)

        let answer = FinishedAnswer(
            report: report(of: job, reason, error),
            origins: job.answer.origins,
            explanations: job.answer.explanations
        )
        journal(id, .finished(answer))
        for index in job.watchers.indices {
            sendDelta(of: job, to: job.watchers[index], state: .finished, evenIfEmpty: false)
            send(.finished(Finished(report: answer.report)), to: job.watchers[index].peer)
        }
        jobs.remove(id)
        finishedCount += 1
        finished.insert(
            FinishedJob(
                owner: job.owner,
                submit: job.submit,
                acceptedAt: job.acceptedAt,
                earlierMilliseconds: job.earlierMilliseconds,
                answer: answer
            )
        )
        forgetExcess()
        transitions.count(reason.transition)
        log(.info, "job finished", LogField("job", id.description), LogField("reason", reason.name))
        trimPool(job.submit.pool)
    }

    /// Of the jobs that have ended, forgets the oldest that there is no room for.
    mutating func forgetExcess() {
        jobs.forgetOwners(beyond: limits.owners)
        while let forgotten = finished.removeExcess(limits: limits) {
            jobs.forgetKey(forgotten.submit.submitKey, of: forgotten.owner)
            transitions.count(.jobForgotten)
            journal(forgotten.report.job, .forgotten)
        }
    }

    /// A node may forget a sequence.
    func releaseMessage(_ job: Job, _ sequence: ActiveSequence) -> Message {
        .release(Release(boot: boot, sequence: SequenceID(job: job.id), specID: sequence.spec.id))
    }

    private mutating func release(_ job: Job, at node: NodeHandle) {
        guard let sequence = job.sequence else { return }
        send(releaseMessage(job, sequence), to: node)
    }

    /// A sequence goes on elsewhere: the node may forget it.
    mutating func withdraw(_ id: JobID, from node: NodeHandle) {
        guard jobs.changeSequence(of: id, { $0.removeHolding(of: node) }) == true, let job = jobs[id] else { return }
        release(job, at: node)
    }

    func report(of job: Job, _ reason: FinishReason, _ error: JobError?) -> JobReport {
        let answer = job.answer
        return JobReport(
            job: job.id,
            reason: reason,
            error: error,
            tokens: Array(answer.tokens),
            text: answer.text,
            promptTokens: UInt32(clamping: job.promptLength),
            sampling: job.submit.sampling,
            rule: job.submit.rule,
            seed: job.seed,
            draftLength: job.draftLength,
            drafterKind: job.submit.drafterKind,
            draftMinimumConfidence: job.submit.draftMinimumConfidence,
            counts: answer.counts,
            queueMilliseconds: job.queueMilliseconds ?? job.age(at: now),
            firstTokenMilliseconds: job.firstTokenMilliseconds,
            totalMilliseconds: job.age(at: now),
            isSynthetic: job.journaled?.wrappedValue.start.isSynthetic
                ?? (job.sequence != nil && pools[job.submit.pool]?.isSynthetic == true)
        )
    }
}

extension FinishReason {
    /// What is counted where a job ends so.
    var transition: Transition {
        switch self {
        case .stop: .jobStopped
        case .length: .jobReachedLength
        case .cancelled: .jobCancelled
        case .error: .jobFailed
        }
    }
}
