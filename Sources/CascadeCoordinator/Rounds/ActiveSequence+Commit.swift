import CascadeCore
import CascadeRules

/// A round with its verdict.
struct JudgedRound: Sendable {
    /// What stands, and what comes in place of the rest.
    var outcome: RoundOutcome
    var draft: RoundDraft
    /// What the expert said of the draft; nothing where no expert had a say.
    var evidence: [Evidence] = []
    /// Who judged it; nil where nobody did.
    var winner: NodeHandle?
}

/// What was taken of a round.
struct CommittedRound: Sendable {
    /// Tokens: fewer than stood, where one of them ends the answer.
    var emitted: Int
    /// Why the answer ends with them; nil where it goes on.
    var reason: FinishReason?
    var counts: SpeculationCounts
}

/// What a verdict does to a sequence.
extension ActiveSequence {
    /// Takes what stands of a round, up to the first token that ends the answer, and is ready for the next one.
    ///
    /// - Parameters:
    ///   - mostBytes: of the answer's text.
    ///   - draws: the round's random numbers, where it is to be explained.
    mutating func commit(
        _ round: JudgedRound,
        mostBytes: Int,
        explainedBy draws: (any DrawSource)?,
        at now: Instant
    ) -> CommittedRound {
        let (base, baseHash) = (base, hash)
        let (emitted, reason) = emit(round.outcome.tokens, mostBytes: mostBytes)
        if let draws {
            explanations += (0..<emitted).map { explain($0, round.outcome, round.draft, round.evidence, draws) }
        }
        append(round.outcome.tokens[..<emitted], origins: round.outcome.origins[..<emitted])
        let isJudged = round.winner != nil
        let added = SpeculationCounts(round.outcome, draft: round.draft, emitted: emitted, isJudged: isJudged)
        counts.add(added)
        if isJudged {
            acceptance.record(round, emitted: emitted)
            // Under a sequential baseline the drafter goes on behind the expert's token.
            if isExpertsTurn, spec.rule.rule == .tokenCascade { isExpertsTurn = false }
        }
        rememberHoldings(round, emitted: emitted, behind: base, baseHash)
        beginNextRound(at: now)
        return CommittedRound(emitted: emitted, reason: reason, counts: added)
    }

    /// Releases the text of tokens up to the first that ends the answer; how many those are, and why it ends. A stop
    /// counts before the limit that is reached with it.
    private mutating func emit(_ tokens: [Token], mostBytes: Int) -> (count: Int, FinishReason?) {
        for (index, token) in tokens.enumerated() {
            let count = index + 1
            if vocabulary.endTokens.contains(token) { return (count, .stop) }
            text += release.append(vocabulary.bytes(of: token))
            if release.isStopped { return (count, .stop) }
            if count == remaining || text.count >= mostBytes { return (count, .length) }
        }
        return (tokens.count, nil)
    }

    /// The expert has fed the whole draft, or all but its last token where no bonus was asked for; the drafter never
    /// feeds the last token that it drafts, and knows nothing of what was looked up.
    private mutating func rememberHoldings(_ round: JudgedRound, emitted: Int, behind base: Int, _ baseHash: Hash128) {
        let (draft, drafted) = (round.draft, round.draft.positions.count)
        var fed: [(node: NodeHandle, tokens: Int)] = []
        if let winner = round.winner {
            fed.append((winner, drafted > 0 && spec.rule.bonus == .rule ? drafted - 1 : drafted))
        }
        if let drafter, drafted > 0 || draft.isStoppedEarly, draft.source == .model {
            fed.append((drafter, max(0, drafted - 1)))
        }
        for (node, tokens) in fed {
            var holding = holding(of: node)
            let count = min(round.outcome.accepted, emitted, tokens)
            holding.length = base + count
            holding.hash = PrefixHash.extend(baseHash, round.outcome.tokens[..<count])
            setHolding(holding)
        }
    }

    /// What went wrong in the round counts no more.
    private mutating func beginNextRound(at now: Instant) {
        phase = .idle
        deaths = []
        failures = 0
        notBefore = now
    }
}

extension DraftAcceptance {
    /// Counts a round that an expert has judged.
    mutating func record(_ round: JudgedRound, emitted: Int) {
        let (accepted, judged) = round.draft.judgement(round.outcome, round.evidence)
        record(round.draft.source, accepted: accepted, judged: judged, emitted: emitted)
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
