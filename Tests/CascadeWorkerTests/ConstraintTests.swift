import CascadeConstraint
import CascadeCore
import CascadeRules
import CascadeTestSupport
import Testing

@testable import CascadeWorker

/// Constraints where rows become distributions: what a row may have is a function of the tokens before it, drafted ones
/// included, on both roles.
struct ConstraintTests {
    /// A ``PrefixModel`` whose tokens are the letters a to f, and one that ends a text.
    private struct Letters: TokenModel {
        var inner = PrefixModel()
        /// The tokens of its head.
        var head: Set<Token> = Set(0..<PrefixModel.vocabulary)
        var caches: TokenCaches {
            get { inner.caches }
            set { inner.caches = newValue }
        }

        mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double { try inner.forward(batch) }

        func row(_ row: Int, of entry: Int) -> DistributionRow {
            var whole = inner.row(row, of: entry)
            func cut(_ row: Distribution) -> Distribution {
                let kept = row.tokens.indices.filter { head.contains(row.tokens[$0]) }
                return Distribution(tokens: kept.map { row.tokens[$0] }, weights: kept.map { row.weights[$0] }) ?? row
            }
            whole.raw = cut(whole.raw)
            whole.processed = whole.processed.map(cut)
            return whole
        }

        func constraintVocabulary() -> ConstraintVocabulary? {
            ConstraintVocabulary(pieces: (0..<6).map { [0x61 + $0] } + [nil], endTokens: [6])
        }
    }

    private static let end: Token = 6
    /// An even number of letters up to f, each pair in ascending order or twice the same; behind an f the end.
    private static let grammar = OutputConstraint(
        .grammar,
        """
        root ::= pair* last?
        pair ::= "a" [a-e] | "b" [b-e] | "c" [c-e]
        last ::= [a-c] "f"
        """
    )

    /// What the grammar allows behind an answer, by hand; nil where the answer is none of its beginnings.
    private static func allowed(behind answer: [Token]) -> Set<Token>? {
        for index in answer.indices {
            guard allowed(at: index, behind: index > 0 ? answer[index - 1] : nil).contains(answer[index]) else {
                return nil
            }
        }
        return answer.last == end ? nil : allowed(at: answer.count, behind: answer.last)
    }

    private static func allowed(at index: Int, behind last: Token?) -> Set<Token> {
        if last == end { return [] }
        if last == 5 { return [end] }
        return index.isMultiple(of: 2) ? [0, 1, 2, end] : Set((last ?? 0)...5)
    }

    private func spec(_ constraint: OutputConstraint? = grammar, prompt: Int, temperature: Double = 1) -> SequenceSpec {
        SequenceSpec(
            id: 1,
            seed: 9,
            sampling: SamplingSettings(temperature: temperature),
            guardTokens: [Self.end],
            promptLength: prompt,
            constraint: constraint
        )
    }

    private func fence(_ round: UInt32) -> Fence {
        Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: 1)), round: round)
    }

    private func prefix(_ tokens: [Token]) -> Prefix {
        Prefix(baseLength: UInt32(tokens.count), hash: PrefixHash.empty, tail: tokens)
    }

    private func draft(_ text: [Token], _ spec: SequenceSpec, count: UInt32 = 5, round: UInt32 = 1) -> WorkRequest {
        .draft(Draft(fence: fence(round), specID: 1, spec: spec, prefix: prefix(text), count: count))
    }

    private func verify(_ text: [Token], _ tokens: [Token], _ spec: SequenceSpec, round: UInt32 = 1) -> WorkRequest {
        let row = { (token: Token) in
            Distribution(tokens: Array(0..<7), weights: [1, 1, 1, 1, 1, 1, 1]) ?? Distribution(oneHot: token)
        }
        let drafted = tokens.map { DraftedPosition(token: $0, row: row($0), gate: DraftGate(maximum: 0.5)) }
        return .verify(Verify(fence: fence(round), specID: 1, spec: spec, prefix: prefix(text), draft: drafted))
    }

    private func answer<Model>(_ request: WorkRequest, _ worker: inout Worker<Model>) -> Message? {
        worker.add(request)
        for _ in 0..<50 where !worker.isIdle {
            if let answer = worker.runPass(at: Instant(nanoseconds: 0)).first { return answer }
        }
        return nil
    }

    private func drafted<Model>(_ request: WorkRequest, _ worker: inout Worker<Model>) -> [DraftedPosition]? {
        guard case .drafted(let drafted)? = answer(request, &worker) else { return nil }
        return drafted.positions
    }

    private func verified<Model>(_ request: WorkRequest, _ worker: inout Worker<Model>) -> Verified? {
        guard case .verified(let verified)? = answer(request, &worker) else { return nil }
        return verified
    }

    private func failure<Model>(_ request: WorkRequest, _ worker: inout Worker<Model>) -> String? {
        guard case .failed(let failed)? = answer(request, &worker) else { return nil }
        return failed.message
    }

    private static func masked(_ row: Distribution, behind answer: [Token]) throws -> Distribution {
        let allowed = try #require(Self.allowed(behind: answer))
        let kept = row.tokens.indices.filter { allowed.contains(row.tokens[$0]) }
        return try #require(Distribution(tokens: kept.map { row.tokens[$0] }, weights: kept.map { row.weights[$0] }))
    }

    /// Each row of a draft is masked behind the tokens before it, those of the draft included.
    @Test func aDraftIsMaskedAlongItself() throws {
        let prompt: [Token] = [5, 4, 6]
        for answer: [Token] in [[], [0], [0, 3, 2], [1, 1, 0, 4]] {
            var worker = Worker(model: Letters(), maxBatchedTokens: 4)
            let positions = try #require(drafted(draft(prompt + answer, spec(prompt: 3)), &worker))
            #expect(!positions.isEmpty)
            var before = answer
            for position in positions {
                let expected = try Self.masked(PrefixModel.processed(behind: (prompt + before)[...]), behind: before)
                #expect(expected.index(of: position.token) != nil, "\(position.token) behind \(before)")
                for (token, weight) in zip(expected.tokens, expected.weights) {
                    let share = Double(weight) / expected.total
                    // What is shipped lacks the row's tail.
                    #expect(abs(position.row.probability(of: token) - share) < 2 * (1 - ShippedRow.share))
                }
                before.append(position.token)
            }
            #expect(positions.count == 5 || before.last == Self.end)
        }
    }

    /// The expert's rows are masked along the draft that it judges. What is behind a token that is not allowed, or that
    /// ends the text, does not matter and does not trap; the token itself has no probability.
    @Test func anExpertIsMaskedAlongTheDraft() throws {
        let (prompt, answer): ([Token], [Token]) = ([3, 1, 4], [0, 4])
        for tokens: [Token] in [[2, 3, 0, 0], [2, 1, 0, 0], [5, 5, 5], [2, 5, 6, 0], [6, 0], [0, 6], []] {
            var worker = Worker(model: Letters(), maxBatchedTokens: 64)
            let said = try #require(verified(verify(prompt + answer, tokens, spec(prompt: 3)), &worker))
            #expect(said.evidence.count == tokens.count)
            for index in tokens.indices {
                let before = answer + tokens[..<index]
                guard Self.allowed(behind: before) != nil else { break }
                let p = try Self.masked(PrefixModel.processed(behind: (prompt + before)[...]), behind: before)
                let raw = try Self.masked(PrefixModel.raw(behind: (prompt + before)[...]), behind: before)
                let evidence = said.evidence[index]
                #expect(abs(evidence.probability - p.probability(of: tokens[index])) < 1e-12)
                #expect(abs(evidence.gateProbability - raw.probability(of: tokens[index])) < 1e-12)
                #expect(Self.allowed(behind: before)?.contains(evidence.residual) == true)
            }
            for evidence in said.evidence { #expect(evidence.ratio.isFinite && evidence.rejectMass.isFinite) }
            // The same rows one by one: what a round holds does not matter.
            let text = answer + tokens
            if let allowed = Self.allowed(behind: text) {
                let bonus = try #require(said.bonus)
                #expect(allowed.contains(bonus))
                var alone = Worker(model: Letters(), maxBatchedTokens: 64)
                #expect(verified(verify(prompt + text, [], spec(prompt: 3)), &alone)?.bonus == bonus)
            }
        }
    }

    /// No rule lets a token stand that is not allowed, however much it keeps.
    @Test(arguments: RuleSettings.VerifyMethod.allCases, [0.0, 1.0])
    func noRuleKeepsWhatIsNotAllowed(method: RuleSettings.VerifyMethod, temperature: Double) throws {
        let rules = [RuleSettings(rule: .chow, alpha: 1), RuleSettings(rule: .tokenV3, alpha: 1), RuleSettings()]
        for var rule in rules {
            rule.verifyMethod = method
            var spec = spec(prompt: 1, temperature: temperature)
            spec.rule = rule
            for tokens: [Token] in [[3, 0, 0], [0, 6, 0], [2, 0, 0], [2, 2, 4, 4]] {
                let place = try #require(tokens.indices.first { Self.allowed(behind: Array(tokens[...$0])) == nil })
                guard case .verify(let request) = verify([1], tokens, spec) else { return }
                var worker = Worker(model: Letters(), maxBatchedTokens: 64)
                let said = try #require(verified(.verify(request), &worker))
                let outcome = Rules.walk(
                    draft: request.draft,
                    evidence: said.evidence,
                    bonus: said.bonus,
                    base: 1,
                    spec: spec,
                    draws: PhiloxDraws(seed: spec.seed)
                )
                #expect(outcome.tokens.count <= place + 1, "\(rule.rule) \(tokens) gave \(outcome.tokens)")
                for (index, token) in outcome.tokens.enumerated() {
                    let before = Array(outcome.tokens[..<index])
                    #expect(Self.allowed(behind: before)?.contains(token) == true, "\(outcome.tokens)")
                }
            }
        }
    }

    /// A worker that has answered before says what a new one says: behind other tokens, another constraint, or after
    /// it has forgotten.
    @Test func whatIsRememberedChangesNothing() throws {
        var worker = Worker(model: Letters(), maxBatchedTokens: 8)
        let other = OutputConstraint(.grammar, "root ::= [a-f]*")
        let texts: [([Token], OutputConstraint?)] = [
            ([1], Self.grammar), ([1, 0], Self.grammar), ([1, 0, 2], Self.grammar), ([1, 2], Self.grammar),
            ([1, 2], other), ([1, 2, 2], Self.grammar), ([1, 2, 2], nil), ([1, 2, 2, 1], Self.grammar),
        ]
        for (round, (text, constraint)) in texts.enumerated() {
            var spec = spec(constraint, prompt: 1)
            spec.id = UInt64(round + 1)
            let request = Draft(
                fence: fence(UInt32(round + 1)),
                specID: spec.id,
                spec: spec,
                prefix: prefix(text),
                count: 4
            )
            var fresh = Worker(model: Letters(), maxBatchedTokens: 8)
            let expected = try #require(drafted(.draft(request), &fresh))
            #expect(drafted(.draft(request), &worker) == expected, "\(text)")
            if round == 5 { worker.releaseAll() }
        }
    }

    /// More constraints than are kept.
    @Test func manyConstraints() throws {
        var worker = Worker(model: Letters(), maxBatchedTokens: 8)
        for round in 0..<60 {
            let letter = round % 20 % 6
            let text = "root ::= \"\(["a", "b", "c", "d", "e", "f"][letter])\" #\(round % 20)"
            var spec = spec(OutputConstraint(.grammar, text), prompt: 1)
            spec.id = UInt64(round + 1)
            let request = Draft(
                fence: fence(UInt32(round + 1)),
                specID: spec.id,
                spec: spec,
                prefix: prefix([1]),
                count: 4
            )
            let positions = try #require(drafted(.draft(request), &worker))
            #expect(positions.map(\.token) == [Token(letter), Self.end])
        }
    }

    /// A drafter whose head lacks all that is allowed stops there; an expert's request fails in words.
    @Test func aHeadWithoutAllowedTokens() throws {
        let spec = spec(OutputConstraint(.grammar, "root ::= \"a\" \"f\""), prompt: 1)
        var drafter = Worker(model: Letters(head: [0, 1, 2]), maxBatchedTokens: 8)
        #expect(drafted(draft([1], spec), &drafter)?.map(\.token) == [0])
        #expect(drafted(draft([1, 0], spec, round: 2), &drafter) == [])
        var expert = Worker(model: Letters(head: [0, 1, 2]), maxBatchedTokens: 8)
        #expect(verified(verify([1], [], spec), &expert)?.bonus == 0)
        #expect(failure(verify([1, 0], [], spec, round: 2), &expert)?.contains("allows no token") == true)
    }

    /// What cannot be carried out fails in words that name the cause.
    @Test func failures() {
        var worker = Worker(model: Letters(), maxBatchedTokens: 8)
        let bad = spec(OutputConstraint(.grammar, "root ::= ("), prompt: 1)
        #expect(failure(draft([1], bad), &worker)?.contains("the constraint (grammar) cannot be used: ") == true)
        #expect(failure(verify([1], [], bad, round: 2), &worker)?.contains("grammar") == true)
        var later = spec(prompt: 1)
        later.id = 2
        let wrong = Draft(fence: fence(3), specID: 2, spec: later, prefix: prefix([1, 4]), count: 2)
        #expect(failure(.draft(wrong), &worker)?.contains("answer so far") == true)
        // A prompt that is longer than the text: no honest coordinator says so.
        var long = spec(prompt: 9)
        long.id = 3
        let short = Draft(fence: fence(4), specID: 3, spec: long, prefix: prefix([1, 4]), count: 2)
        #expect(drafted(.draft(short), &worker)?.isEmpty == false)
        var plain = Worker(model: PrefixModel(), maxBatchedTokens: 8)
        #expect(failure(draft([1], spec(prompt: 1)), &plain)?.contains("no text") == true)
    }

    /// Log probabilities are the model's own, as without a constraint.
    @Test func logprobsAreOfTheRawRow() throws {
        var spec = spec(prompt: 1)
        spec.logprobs = 7
        var worker = Worker(model: Letters(), maxBatchedTokens: 8)
        let said = try #require(verified(verify([1], [3, 0], spec), &worker))
        let row = DistributionRow(raw: PrefixModel.raw(behind: [1]))
        let told = row.logprobs(of: [3, said.evidence[0].residual], top: 7, spec)
        let first = try #require(said.logprobs.first)
        #expect(first.drafted == told.of[0] && first.own == told.of[1] && first.top == told.top)
        for row in said.logprobs { for one in row.top { #expect(one.value.isFinite) } }
    }

    /// A distribution under a mask, by its definition.
    @Test func maskedDistributions() throws {
        var matcher = ConstraintMatcher(
            try Grammar(OutputConstraint(.grammar, "root ::= [bd]")),
            vocabulary: try #require(Letters().constraintVocabulary())
        )
        let mask = matcher.mask(at: matcher.start)
        let raw = try #require(Distribution(tokens: [0, 1, 3], weights: [4, 2, 1]))
        let processed = Distribution(oneHot: 0)
        let row = try #require(DistributionRow(raw: raw, processed: processed).masked(by: mask))
        #expect(row.raw == Distribution(tokens: [1, 3], weights: [2, 1]))
        #expect(row.processed == Distribution(oneHot: 1))
        #expect(DistributionRow(raw: processed).masked(by: mask) == nil)
    }
}
