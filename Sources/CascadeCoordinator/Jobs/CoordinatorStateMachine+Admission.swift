import CascadeCore
import OrderedCollections

/// From accepted to running.
extension CoordinatorStateMachine {
    /// Lets everything go on that can: sequences in turn, then new jobs.
    mutating func schedule() {
        guard !isJournalBehind else { return }
        takeTurns()
        let before = jobs.running.count
        admitJobs()
        if jobs.running.count > before { takeTurns() }
    }

    private mutating func takeTurns() {
        for id in jobs.takeTurns() { advance(id) }
    }

    /// In turn: no job of a pool passes one that comes before it and finds no room, or that might wait for ever.
    private mutating func admitJobs() {
        // A sequence that lost its expert comes before all new ones of its pool, unless it has to wait for newer nodes.
        var closedPools = jobs.running.compactMap { id -> String? in
            guard let job = jobs[id], job.sequence?.expert == nil, ignorance(of: job.submit) == nil else { return nil }
            return job.submit.pool
        }
        while jobs.running.count < limits.maxNumSeqs,
            let next = jobs.nextInQueue(except: closedPools, at: now, interactiveFirst: limits.interactiveFirst)
        {
            if !admit(next) { closedPools.append(next.submit.pool) }
        }
    }

    /// Gives a job its place at an expert; false when there is none now. A prompt that fits no expert ends the job.
    private mutating func admit(_ job: Job) -> Bool {
        guard case .awaitingRoom(let prompt) = job.stage, let pool = pools[job.submit.pool],
            let vocabulary = vocabulary(ofPool: pool.name)
        else { return false }
        let experts = nodes.values.filter {
            $0.hello.pool == pool.name && $0.hello.role == .expert && $0.state == .ready
                && $0.hello.samplingVersion >= job.submit.samplingVersion
        }
        // What an expert that is out of use says that it holds is no room, as long as there are others.
        let inUse = experts.filter { rest(of: $0) == nil }
        guard let context = (inUse.isEmpty ? experts : inUse).map(\.capacity).max() else { return false }
        guard prompt.count < context else {
            let message =
                "the prompt has \(plural(prompt.count, "token")); with its answer, pool \(pool.name) holds \(context)"
            finish(job.id, .error, JobError(code: .contextExceeded, message: message))
            return true
        }
        let room = min(Int(job.submit.maxTokens), context - prompt.count)
        let maxTokens = job.journaled.map { Int($0.wrappedValue.start.maxTokens) } ?? room
        let need = prompt.count + maxTokens
        guard need <= context else {
            let message = """
                the job was begun with room for \(need) tokens, prompt and answer; pool \(pool.name) holds \(context) \
                now
                """
            finish(job.id, .error, JobError(code: .contextExceeded, message: message))
            return true
        }
        let held = prompt.count + (job.journaled?.wrappedValue.tokens.count ?? 0)
        guard let expert = chooseNode(.expert, of: job.submit, need: CacheNeed(now: held, most: need)) else {
            return false
        }
        lastSpecID += 1
        let spec = SequenceSpec(
            id: lastSpecID,
            seed: job.seed,
            sample: job.submit.sample,
            sampling: job.submit.sampling,
            rule: job.submit.rule,
            guardTokens: vocabulary.endTokens,
            promptLength: prompt.count,
            draftSupport: limits.draftSupport,
            logprobs: job.submit.logprobs,
            constraint: job.submit.constraint
        )
        let sequence = ActiveSequence(
            spec: spec,
            vocabulary: vocabulary,
            prompt: prompt,
            maxTokens: maxTokens,
            stop: job.submit.stop,
            looksUp: job.submit.drafterKind != .model && job.draftLength != .fixed(0)
                && !job.submit.rule.rule.isSequential,
            expert: expert,
            acceptance: pool.acceptance.asPrior
        )
        if jobs.begin(job.id, sequence, at: now) { transitions.count(.interactiveWentFirst) }
        transitions.count(.jobAdmitted)
        promptTokens += UInt64(prompt.count)
        // Before the next one is looked for, which may have to wait for this one.
        _ = takeUp(job.id)
        if let problem = resume(job.id) {
            let message = """
                the answer was begun before the coordinator was started again and cannot be continued, because \
                \(problem): submit the prompt as a new job
                """
            finish(job.id, .error, JobError(code: .journalDamaged, message: message))
        }
        return true
    }

    /// What a job waits for, for people; empty where it does not wait.
    func note(of job: Job) -> String {
        let pool = job.submit.pool
        let experts = nodes.values.filter { $0.hello.pool == pool && $0.hello.role == .expert }
        let turn = "waiting: jobs that were in flight when the coordinator crashed are taken up one at a time"
        switch job.stage {
        case .tokenizing: return "reading the prompt"
        case .running where job.sequence?.expert != nil: return jobs.mayTakeUp(job.id) ? "" : turn
        default: break
        }
        if experts.isEmpty { return "waiting for an expert in pool \(pool)" }
        if let words = ignorance(of: job.submit) { return "waiting: \(words)" }
        if !jobs.mayTakeUp(job.id) { return turn }
        if case .awaitingVocabulary = job.stage {
            let isKnown = vocabulary(ofPool: pool) != nil
            return isKnown ? "waiting for its prompt to be read" : "waiting for the tokenizer of pool \(pool)"
        }
        if !experts.contains(where: { $0.state == .ready }) {
            return "waiting for an expert in pool \(pool) to be ready"
        }
        if !job.isRunning, let owner = jobs.owners[job.owner.name],
            !jobs.owners.mayRun(job.owner.name, at: now)
        {
            let most = owner.limits.maxNumSeqs ?? .max
            guard owner.running < most else {
                return "waiting: owner \(job.owner.name) has \(plural(most, "sequence")) at work, as many as it may"
            }
            return "waiting: owner \(job.owner.name) has used its tokens of this minute"
        }
        return roomNote(of: job)
    }
}
