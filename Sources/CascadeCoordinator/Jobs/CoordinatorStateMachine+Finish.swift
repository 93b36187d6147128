import CascadeCore
import OrderedCollections

/// How jobs end.
extension CoordinatorStateMachine {
    mutating func cancel(_ cancel: Cancel, from peer: PeerID) {
        if let job = finished[cancel.job] {
            send(.finished(Finished(requestID: cancel.requestID, report: job.report)), to: peer)
            return
        }
        guard jobs[cancel.job] != nil else {
            refuseUnknown(cancel.job, peer, requestID: cancel.requestID)
            return
        }
        // The canceller's one answer is the one with its request's number.
        dropWatcher(peer, of: cancel.job)
        finish(cancel.job, .cancelled)
        guard let job = finished[cancel.job] else { return }
        send(.finished(Finished(requestID: cancel.requestID, report: job.report)), to: peer)
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
                submit: job.submit,
                acceptedAt: job.acceptedAt,
                earlierMilliseconds: job.earlierMilliseconds,
                answer: answer
            )
        )
        forgetExcess()
        count(reason)
        log(.info, "job finished", LogField("job", id.description), LogField("reason", reason.name))
        trimPool(job.submit.pool)
    }

    /// Of the jobs that have ended, forgets the oldest that there is no room for.
    mutating func forgetExcess() {
        while let forgotten = finished.removeExcess(limits: limits) {
            jobs.forget(key: forgotten.submit.submitKey)
            transitions.count(.jobForgotten)
            journal(forgotten.report.job, .forgotten)
        }
    }

    private mutating func count(_ reason: FinishReason) {
        switch reason {
        case .stop: transitions.count(.jobStopped)
        case .length: transitions.count(.jobReachedLength)
        case .cancelled: transitions.count(.jobCancelled)
        case .error: transitions.count(.jobFailed)
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
