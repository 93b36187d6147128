import CascadeCore
import OrderedCollections

/// Jobs with deadlines: which are refused at once, and how the others end.
extension CoordinatorStateMachine {
    /// How many times too early a deadline must be by the estimate: that is what answers were like lately, and the next
    /// ones may be shorter. Whoever might make it is not refused.
    private static let margin = 2.0

    /// Ends the jobs whose deadlines have passed, with the answers that they have.
    mutating func endOverdueJobs() {
        while let (deadline, id) = jobs.nextDeadline, deadline <= now, let job = jobs[id] {
            transitions.count(.deadlinePassed)
            let span = spanText(milliseconds: Double(job.submit.deadlineMilliseconds ?? 0))
            let tokens = job.answer.tokens.count
            let message =
                tokens == 0
                ? "the deadline of \(span) passed before the first token: allow more time with --deadline"
                : """
                the deadline of \(span) passed after \(plural(tokens, "token")): allow more time with --deadline, or \
                ask for fewer tokens with --max-tokens
                """
            finish(id, .error, JobError(code: .deadlineExceeded, message: message))
        }
    }

    /// Why the first token of a job's answer cannot come before its deadline, in words for its client; nil where it
    /// can, where it has none, and where too little is known to say.
    func deadlineProblem(of submit: Submit, owner: String) -> String? {
        guard let deadline = submit.deadlineMilliseconds,
            let estimate = firstToken(of: submit, owner: owner),
            estimate.milliseconds > Self.margin * Double(deadline)
        else { return nil }
        let ahead = estimate.ahead == 0 ? "" : ", behind \(plural(estimate.ahead, "job")) that came before"
        return """
            the deadline of \(spanText(milliseconds: Double(deadline))) cannot be met: the first token would come in \
            about \(spanText(milliseconds: estimate.milliseconds))\(ahead); allow more time with --deadline, name \
            another pool with --pool, or try again later
            """
    }

    /// In how many milliseconds the first token of a new job's answer can come, and how many jobs get room before it;
    /// nil where an expert of its pool has not said what passes cost, or none is ready.
    ///
    /// Places become free as sequences end, and those who wait take them in their order. What is not known counts as
    /// no time at all: how long answers are before the pool has ended any, sequences of other pools, jobs of other
    /// owners, prompts that are no tokens yet, and what an expert may have in its cache.
    private func firstToken(of submit: Submit, owner: String) -> (milliseconds: Double, ahead: Int)? {
        let experts = nodes.elements.filter { _, node in
            node.hello.pool == submit.pool && node.hello.role == .expert && node.state == .ready
        }
        let curves = experts.compactMap { passCosts(of: $0.key) }
        guard curves.count == experts.count, !curves.isEmpty else { return nil }
        func quickest(rows: Int) -> Double { curves.map { $0.milliseconds(rows: rows) }.min() ?? 0 }
        let reading = quickest(rows: unreadTokens(of: submit))
        let ahead = jobs.ahead(of: submit, owner: owner, interactiveFirst: limits.interactiveFirst)
        if ahead.isEmpty, jobs.running.count < limits.maxNumSeqs { return (reading, 0) }

        let recent = recentAnswers(ofPool: submit.pool)
        // By expert, for look-up only: it is never iterated.
        var tokenTimes: [NodeHandle: Double] = [:]
        let placements = placements
        for (handle, _) in experts {
            let rows = max(1, load(of: handle, in: placements).sequences)
            tokenTimes[handle] = (passCosts(of: handle)?.milliseconds(rows: rows) ?? 0) / recent.tokensPerRound
        }
        let ends = jobs.running.map { id in
            guard let job = jobs[id], let sequence = job.sequence,
                let time = sequence.expert.flatMap({ tokenTimes[$0] })
            else { return 0.0 }
            let tokens = recent.remaining(of: sequence.maxTokens, behind: sequence.answer.count)
            return min(tokens * time, millisecondsLeft(job))
        }
        // Where there are places and no room, the first end may make room for all.
        let spare = repeatElement(ends.min() ?? 0, count: max(0, limits.maxNumSeqs - ends.count))
        var places = Places(freeIn: ends + spare)
        let tokenTime = experts.compactMap { tokenTimes[$0.key] }.min() ?? 0
        for id in ahead {
            guard let job = jobs[id] else { continue }
            let tokens = recent.remaining(of: Int(job.submit.maxTokens), behind: job.answer.tokens.count)
            let work = quickest(rows: job.promptLength) + tokens * tokenTime
            places.takeNext(for: work, until: millisecondsLeft(job))
        }
        return places.next.map { ($0 + reading, ahead.count) }
    }

    /// Milliseconds after which a job has ended at the latest.
    private func millisecondsLeft(_ job: Job) -> Double {
        job.deadline.map { $0.milliseconds(since: now) } ?? .infinity
    }

    /// Tokens of a prompt that an expert has to read at least, about.
    private func unreadTokens(of submit: Submit) -> Int {
        let beginning = submit.beginning(bytes: Self.sharedBytes)
        func isKnown(_ other: Submit) -> Bool {
            other.beginning(bytes: Self.sharedBytes).starts(with: beginning)
        }
        let active = jobs.values.lazy.filter { $0.submit.pool == submit.pool }.map(\.submit)
        let ended = finished.jobs.values.suffix(RecentAnswers.most).lazy.map(\.submit)
        guard !active.contains(where: isKnown), !ended.contains(where: isKnown) else { return 1 }
        let bytes = submit.conversation?.spokenBytes ?? submit.prompt.count
        return bytes / Self.bytesPerToken
    }

    /// Few texts have more bytes a token; a system message is not counted, as others have sent it before as a rule.
    private static let bytesPerToken = 6
    /// A prompt that begins with the same bytes as another may be in an expert's cache.
    private static let sharedBytes = 1_024

    private func recentAnswers(ofPool name: String) -> RecentAnswers {
        let ended = finished.jobs.values.reversed().lazy.filter { job in
            job.submit.pool == name && job.report.counts.rounds > 0
        }
        return RecentAnswers(ended.prefix(RecentAnswers.most))
    }
}
