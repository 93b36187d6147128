import CascadeCore
import OrderedCollections

/// What a coordinator makes of the jobs that an earlier one left in the journal.
extension CoordinatorStateMachine {
    /// Takes up what an earlier coordinator left.
    mutating func restore(_ journaled: [JournaledJob]) {
        // One more crash would set a job aside: from here on it is to be known at whose side.
        let areRepeated = journaled.contains { $0.finished == nil && $0.crashes >= limits.crashesPerJob - 1 }
        for job in journaled {
            lastJobNumber = max(lastJobNumber, job.accepted?.number ?? 0)
            if let damage = job.damage {
                lose(job, because: "the job's journal is damaged: \(damage); submit it again")
            } else if let accepted = job.accepted, let ended = job.finished {
                restore(accepted, ended)
            } else if let problem = job.accepted.flatMap(problem) {
                lose(job, because: "this coordinator cannot go on with the job from its journal: \(problem)")
            } else if let accepted = job.accepted {
                resume(job, accepted, isSuspect: areRepeated && job.crashes > 0)
            }
        }
        forgetExcess()
        guard !journaled.isEmpty else { return }
        let fields = [LogField("pending", "\(jobs.count)"), LogField("finished", "\(finished.jobs.count)")]
        actions.append(.log(.info, "jobs found in the journal", fields))
    }

    /// What is wrong with a job that no coordinator accepts; what is allowed now does not matter any more.
    private func problem(of accepted: AcceptedJob) -> String? {
        var submit = accepted.submit
        submit.draftLength = accepted.draftLength
        return formProblem(of: submit)
    }

    /// A job that had not ended goes on.
    private mutating func resume(_ journaled: JournaledJob, _ accepted: AcceptedJob, isSuspect: Bool) {
        var job = Job(id: journaled.id, accepted, at: now)
        job.restore(journaled, isSuspect: isSuspect)
        guard job.crashes < limits.crashesPerJob else {
            take(job)
            setAside(
                job.id,
                because: "the job was in flight at \(plural(job.crashes, "crash", "crashes")) of the coordinator"
            )
            return
        }
        if let answer = journaled.answer { keepPool(accepted.submit.pool, for: answer.start) }
        transitions.count(.jobRestored)
        take(job)
        prompts.insert(job.id, bytes: job.bytes, of: nil, owner: job.owner.name)
        readNextPrompt()
    }

    /// The pool takes no other models than those that the answer was begun with.
    private mutating func keepPool(_ name: String, for start: AnswerStart) {
        guard pools[name] == nil else { return }
        var pool = Pool(
            name: name,
            vocabularyHash: start.vocabularyHash,
            vocabularyCount: Int(start.vocabularyCount),
            isSynthetic: start.isSynthetic
        )
        pool.expertModel = ExpertModel(
            fingerprint: start.modelFingerprint,
            numericsID: start.numericsID,
            name: start.modelName
        )
        pools.found(pool)
    }

    /// A job that had ended can be asked for.
    private mutating func restore(_ accepted: AcceptedJob, _ ended: FinishedAnswer) {
        jobs.noteKey(accepted.submit.submitKey, of: accepted.owner, ended.report.job)
        let age = ended.report.totalMilliseconds
        finished.insert(
            FinishedJob(
                owner: accepted.owner,
                submit: accepted.submit,
                acceptedAt: now,
                earlierMilliseconds: age,
                answer: ended
            )
        )
    }

    /// A job whose records are of no use fails aloud, and no other.
    private mutating func lose(_ journaled: JournaledJob, because problem: String) {
        let error = JobError(code: .journalDamaged, message: problem)
        log(.warning, "a job is lost", LogField("job", journaled.id.description), LogField("reason", problem))
        transitions.count(.jobDamaged)
        let accepted = journaled.accepted ?? .unknown
        let job = Job(id: journaled.id, accepted, at: now)
        guard journaled.accepted != nil else {
            let report = report(of: job, .error, error)
            let answer = FinishedAnswer(report: report, origins: [], explanations: [])
            finished.insert(
                FinishedJob(owner: accepted.owner, submit: accepted.submit, acceptedAt: now, answer: answer)
            )
            return
        }
        take(job)
        finish(job.id, .error, error)
    }

    /// Puts what an earlier coordinator committed into a sequence that was just begun; says what does not fit.
    mutating func resume(_ id: JobID) -> String? {
        guard let answer = jobs[id]?.journaled?.wrappedValue, let sequence = jobs[id]?.sequence else { return nil }
        guard answer.start.promptHash == sequence.hash else {
            return "its prompt has other tokens now than when the answer was begun"
        }
        guard Int(answer.start.vocabularyCount) == sequence.vocabulary.count else {
            return "its pool has another vocabulary now"
        }
        let isSame = jobs.changeSequence(of: id) { sequence in
            sequence.resume(answer)
            return sequence.text == answer.text && !sequence.release.isStopped
        }
        guard isSame == true else { return "its tokens make another text now" }
        jobs.change(id) { $0.endRestoring() }
        transitions.count(.answerResumed)
        return nil
    }
}

extension AcceptedJob {
    /// Stands for what cannot be read.
    fileprivate static var unknown: AcceptedJob {
        let submit = Submit(
            requestID: 0,
            submitKey: Hash128(high: 0, low: 0),
            pool: "unknown",
            prompt: [],
            format: .raw,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            maxTokens: 1
        )
        return AcceptedJob(number: 0, submit: submit, seed: 0, draftLength: .adaptive)
    }
}
