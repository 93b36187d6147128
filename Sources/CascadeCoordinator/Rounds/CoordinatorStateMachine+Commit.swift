import CascadeCore
import CascadeRules
import OrderedCollections

/// From an expert's word to committed tokens.
extension CoordinatorStateMachine {
    /// Walks a draft by an expert's word on it and commits what stands. Whoever else was asked to verify the round need
    /// not any more.
    mutating func commit(_ verified: Verified, _ draft: RoundDraft, _ id: JobID, by winner: NodeHandle) {
        settle(id, winner)
        guard let outcome = walk(verified, draft, id) else { return }
        let round = JudgedRound(
            outcome: outcome,
            draft: draft,
            evidence: verified.evidence,
            logprobs: verified.logprobs,
            winner: winner
        )
        commit(round, id)
    }

    /// Apart from ``commit(_:_:)``: its copy of the sequence is gone when that begins.
    @inline(never) private func walk(_ verified: Verified, _ draft: RoundDraft, _ id: JobID) -> RoundOutcome? {
        guard let sequence = jobs[id]?.sequence else { return nil }
        return Rules.walk(
            draft: draft.positions,
            evidence: verified.evidence,
            bonus: verified.bonus,
            base: sequence.base,
            spec: sequence.spec,
            draws: draws(sequence.spec)
        )
    }

    /// Commits what stands of a round, streams it, and lets the sequence go on or ends the job.
    mutating func commit(_ round: JudgedRound, _ id: JobID) {
        guard let (pool, explains) = jobs[id].map({ ($0.submit.pool, $0.submit.wantsExplanations) }),
            let (offset, byteOffset, spec) = jobs[id]?.sequence.map({ ($0.answer.count, $0.text.count, $0.spec) })
        else { return }
        let draws = explains ? draws(spec) : nil
        let limit = limits.answerBytes
        let done = jobs.changeSequence(of: id) { sequence in
            (sequence.commit(round, mostBytes: limit, explainedBy: draws, at: now), sequence.isProvisional)
        }
        guard let (committed, isProvisional) = done else { return }

        transitions.count(.roundCommitted)
        if round.winner != nil { pools.record(round, emitted: committed.emitted, inPool: pool) }
        pools.noteProgress(of: pool, at: now)
        jobs.charge(committed.emitted, isDrafted: !round.draft.positions.isEmpty, to: id, at: now)
        if !isProvisional {
            addTotals(committed.counts, of: spec.rule.rule)
            jobs.change(id) { [now] in $0.noteTokens(at: now) }
        }
        if let reason = committed.reason {
            if settleProvisional(id) { finish(id, reason) }
        } else {
            journalCommit(id, from: offset, textFrom: byteOffset)
            // What is not on disk would not be progress after the next crash.
            if !isProvisional { countRoundOfTrial(id) }
            sendDeltas(of: id)
            jobs.wait(id)
        }
    }

    /// The round has its verdict: its other requests are dropped, and the sequence stays where the verdict came from.
    /// Who was asked before and lost has held the round up, and is left alone for a while.
    private mutating func settle(_ id: JobID, _ winner: NodeHandle) {
        let all = requests.ofJob(id)
        let asked = all.first { $0.node == winner }?.number
        requests.removeAll(ofJob: id)
        moveToExpert(winner, id)
        for loser in all where loser.node != winner {
            if let asked, loser.number < asked, let node = nodes[loser.node], !isShunned(node) { bench(loser.node) }
            withdraw(id, from: loser.node)
        }
    }
}
