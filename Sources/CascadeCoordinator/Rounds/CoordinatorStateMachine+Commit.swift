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
        commit(outcome, draft, verified.evidence, id, by: winner)
    }

    /// Apart from ``commit(_:_:_:_:by:)``: its copy of the sequence is gone when that begins.
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

    /// Cuts a round's tokens at the first end, commits, streams, and lets the sequence go on or ends the job; without a
    /// `winner`, no expert had a say.
    mutating func commit(
        _ outcome: RoundOutcome,
        _ draft: RoundDraft,
        _ evidence: [Evidence],
        _ id: JobID,
        by winner: NodeHandle?
    ) {
        guard let (pool, explains) = jobs[id].map({ ($0.submit.pool, $0.submit.rule.explains) }),
            // Moved out: a second reference to its tokens and its index would make each append copy them all.
            var sequence = jobs[id]?.sequence.take()
        else { return }
        let (base, baseHash) = (sequence.base, sequence.hash)
        let (offset, byteOffset) = (sequence.answer.count, sequence.text.count)
        let (emitted, reason) = emit(outcome.tokens, &sequence)
        if explains {
            let draws = draws(sequence.spec)
            sequence.explanations += (0..<emitted).map { sequence.explain($0, outcome, draft, evidence, draws) }
        }
        sequence.append(outcome.tokens[..<emitted], origins: outcome.origins[..<emitted])
        let counts = SpeculationCounts(outcome, draft: draft, emitted: emitted, isJudged: winner != nil)
        sequence.counts.add(counts)
        if !sequence.isProvisional { totals.add(counts) }

        // The expert has fed the whole draft, or all but its last token where no bonus was asked for; the drafter never
        // feeds the last token that it drafts, and knows nothing of what was looked up.
        let drafted = draft.positions.count
        let isWithoutBonus = drafted > 0 && sequence.spec.rule.bonus == .rule
        let held = min(outcome.accepted, emitted)
        func remember(_ node: NodeHandle, fed: Int) {
            var holding = sequence.holding(of: node)
            let count = min(held, fed)
            holding.length = base + count
            holding.hash = PrefixHash.extend(baseHash, outcome.tokens[..<count])
            sequence.setHolding(holding)
        }
        if let winner {
            let (accepted, judged) = draft.judgement(outcome, evidence)
            sequence.acceptance.record(draft.source, accepted: accepted, judged: judged, emitted: emitted)
            pools[pool]?.acceptance.record(
                draft.source,
                accepted: accepted,
                judged: judged,
                emitted: emitted
            )
            remember(winner, fed: isWithoutBonus ? drafted - 1 : drafted)
            // Under a sequential baseline the drafter goes on behind the expert's token.
            if sequence.isExpertsTurn, sequence.spec.rule.rule == .tokenCascade { sequence.isExpertsTurn = false }
        }
        if let drafter = sequence.drafter, drafted > 0 || draft.isStoppedEarly, draft.source == .model {
            remember(drafter, fed: max(0, drafted - 1))
        }

        sequence.phase = .idle
        sequence.deaths = []
        sequence.failures = 0
        sequence.notBefore = now
        transitions.count(.roundCommitted)
        noteProgress(inPool: pool)
        jobs[id]?.sequence = sequence
        if !sequence.isProvisional { noteFirstToken(id) }
        if let reason {
            if settleProvisional(id) { finish(id, reason) }
        } else {
            journalCommit(id, from: offset, textFrom: byteOffset)
            sendDeltas(of: id)
            waiting.append(id)
        }
    }

    /// The answer has tokens that may be shown.
    mutating func noteFirstToken(_ id: JobID) {
        guard let job = jobs[id], job.firstTokenMilliseconds == nil else { return }
        jobs[id]?.firstTokenMilliseconds = job.age(at: now)
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

    /// Takes tokens up to the first that ends the answer, releasing their text; how many those are, and why it ends.
    /// A stop counts before the limit that is reached with it.
    private func emit(_ tokens: [Token], _ sequence: inout ActiveSequence) -> (count: Int, FinishReason?) {
        for (index, token) in tokens.enumerated() {
            let count = index + 1
            if sequence.vocabulary.endTokens.contains(token) { return (count, .stop) }
            sequence.text += sequence.release.append(sequence.vocabulary.bytes(of: token))
            if sequence.release.isStopped { return (count, .stop) }
            if count == sequence.remaining || sequence.text.count >= limits.answerBytes { return (count, .length) }
        }
        return (tokens.count, nil)
    }
}

extension ActiveSequence {
    /// How the token at `index` of a round that is about to be committed came to be.
    func explain(
        _ index: Int,
        _ outcome: RoundOutcome,
        _ draft: RoundDraft,
        _ evidence: [Evidence],
        _ draws: some DrawSource
    ) -> Explanation {
        let token = outcome.tokens[index]
        var words: Explanation.Draft?
        if index < draft.positions.count {
            let drafted = draft.positions[index]
            let said = index < evidence.count ? evidence[index] : nil
            let isCoinTossed = said != nil && (outcome.origins[index] != .kept || spec.rule.verifyMethod == .block)
            words = Explanation.Draft(
                token: drafted.token,
                source: draft.source,
                probability: drafted.row.probability(of: drafted.token),
                gate: drafted.gate,
                evidence: said,
                coin: isCoinTossed ? Rules.coin(position: base + index, base: base, spec: spec, draws: draws) : nil
            )
        }
        let isEnd = vocabulary.endTokens.contains(token)
        return Explanation(
            round: round,
            textBytes: isEnd ? 0 : UInt32(clamping: vocabulary.bytes(of: token).count),
            draft: words
        )
    }
}
