import CascadeCoordinator
import CascadeCore
import CascadeRules
import CascadeTestSupport
import Testing

/// The exact law of whole answers whose drafts are looked up, through the real machine: not sampled but enumerated
/// (decisions.md 19). A looked-up token is one of a one-hot row, so speculative sampling holds as for any other row.
struct LookupLawTests {
    /// Four tokens, the last of which ends a text; the expert's row depends on the token before.
    private static let rows: [[Float]] = [[1, 2, 1, 0], [0, 1, 2, 1], [2, 0, 1, 1]]
    private static let end: Token = 3
    /// Behind the first text comes what was there before; behind the second an end token did.
    private static let prompts: [[Token]] = [[0, 1, 2, 0, 1, 2, 0, 1], [0, 1, 2, end, 2, 0, 1, 2]]

    private static func row(after last: Token) -> Distribution {
        let weights = rows[Int(last)]
        let tokens = weights.indices.filter { weights[$0] > 0 }
        return Distribution(tokens: tokens.map { Token($0) }, weights: tokens.map { weights[$0] })!
    }

    /// Every threshold that a number may be compared with: the coins of one-hot drafts, the residual laws behind them,
    /// and the expert's own rows.
    private static let borders: CellDraws.Borders = {
        func cumulated(_ weights: [Float]) -> [Double] {
            let total = Double(weights.reduce(0, +))
            return weights.indices.map { Double(weights[...$0].reduce(0, +)) / total }
        }
        var residual: [Double] = []
        for row in rows {
            for token in row.indices where row[token] < 4 {
                var rest = row
                rest[token] = 0
                residual += cumulated(rest)
            }
        }
        func unique(_ values: [Double]) -> [Double] {
            values.sorted().reduce(into: [0]) { if $1 > $0[$0.count - 1] + 1e-9, $1 < 1 - 1e-9 { $0.append($1) } } + [1]
        }
        return [.coin: [0, 0.25, 0.5, 1], .residual: unique(residual), .token: unique(rows.flatMap(cumulated))]
    }()

    /// An expert comes, and a client with a job for it.
    private static func events(
        _ rule: RuleSettings,
        _ draftLength: DraftLength,
        limit: UInt32,
        expert: PeerID,
        client: PeerID
    ) -> [CoordinatorStateMachine.Event] {
        [
            .message(.hello(ToyNode("expert", .expert).hello), from: expert, by: .anybody),
            .vocabulary(
                pool: "default",
                Toy.tokenizer,
                Vocabulary(
                    pieces: [[97], [98], [99], []] + [[UInt8]](repeating: [], count: Toy.count - 4),
                    endTokens: [Self.end],
                    hash: Toy.hash
                )
            ),
            .message(
                .ready(
                    Ready(
                        boot: 1,
                        costs: [CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 8, milliseconds: 14)],
                        credits: 4
                    )
                ),
                from: expert,
                by: .anybody
            ),
            .message(
                .submit(
                    Submit(
                        requestID: 1,
                        submitKey: Hash128(high: 1, low: 1),
                        pool: "default",
                        prompt: [97],
                        format: .raw,
                        sampling: SamplingSettings(temperature: 1),
                        rule: rule,
                        maxTokens: limit,
                        seed: 1,
                        draftLength: draftLength,
                        drafterKind: .lookup
                    )
                ),
                from: client,
                by: .anybody
            ),
        ]
    }

    /// What one run of a job answers; `drafted` counts the tokens that were drafted on the way.
    private func answer(
        _ rule: RuleSettings,
        _ draftLength: DraftLength,
        prompt: [Token],
        limit: UInt32,
        _ draws: CellDraws,
        drafted: inout Int
    ) -> [Token] {
        var machine = CoordinatorStateMachine(
            boot: 1,
            seedForJobs: 1,
            software: "test",
            now: Instant(nanoseconds: 1),
            draws: { _ in draws }
        )
        let (expert, client) = (PeerID([1]), PeerID([2]))
        var tokens = prompt
        var spec: SequenceSpec?
        var report: JobReport?
        var events = Self.events(rule, draftLength, limit: limit, expert: expert, client: client)
        while !events.isEmpty {
            for action in machine.handle(events.removeFirst(), at: Instant(nanoseconds: 1)) {
                switch action {
                case .tokenize(let request): events.append(.tokenized(request.job, .tokens(prompt)))
                case .send(.verify(let verify), _):
                    spec = verify.spec ?? spec
                    tokens =
                        tokens.prefix(Int(verify.prefix.baseLength) - verify.prefix.tail.count) + verify.prefix.tail
                    drafted += verify.draft.count
                    let verified = Self.judge(verify, tokens, spec!, draws)
                    tokens += verify.draft.map(\.token)
                    events.append(.message(.verified(verified), from: expert, by: .anybody))
                case .send(.finished(let finished), _): report = finished.report
                default: break
                }
            }
        }
        #expect(report?.error == nil)
        return report?.tokens ?? []
    }

    private static func judge(
        _ verify: Verify,
        _ tokens: [Token],
        _ spec: SequenceSpec,
        _ draws: CellDraws
    ) -> Verified {
        let base = tokens.count
        var last = tokens[base - 1]
        let evidence = Rules.evidence(draft: verify.draft, base: base, spec: spec, draws: draws) { index in
            // Behind an end token nothing is committed; whatever stands there is not looked at.
            let p = row(after: last == end ? 0 : last)
            last = verify.draft[index].token
            return (p, GateRow(p, draft: verify.draft[index], settings: spec.rule))
        }
        let p = row(after: last == end ? 0 : last)
        let isAsked = verify.draft.isEmpty || spec.rule.bonus == .target
        let bonus = isAsked ? Rules.bonus(position: base + evidence.count, p: p, spec: spec, draws: draws) : nil
        return Verified(fence: verify.fence, evidence: evidence, bonus: bonus)
    }

    /// The law of the expert alone.
    private func expertAlone(_ prompt: [Token], limit: Int) -> [[Token]: Double] {
        var law: [[Token]: Double] = [:]
        var open: [[Token]: Double] = [[]: 1]
        for _ in 0..<limit {
            var longer: [[Token]: Double] = [:]
            for (answer, weight) in open {
                let row = Self.row(after: answer.last ?? prompt[prompt.count - 1])
                for token in row.tokens { longer[answer + [token]] = weight * row.probability(of: token) }
            }
            for (answer, weight) in longer where answer.last == Self.end { law[answer] = weight }
            open = longer.filter { $0.key.last != Self.end }
        }
        return law.merging(open) { $0 + $1 }
    }

    private func distance(_ left: [[Token]: Double], _ right: [[Token]: Double]) -> Double {
        Set(left.keys).union(right.keys).reduce(0) { $0 + abs(left[$1, default: 0] - right[$1, default: 0]) } / 2
    }

    /// `lossless` emits the expert's law; so does `chow`, which has no confidence to read where no model drafted
    /// (decisions.md 8b).
    @Test(
        arguments: [RuleSettings(rule: .lossless), RuleSettings(rule: .chow, alpha: 0.9)],
        [DraftLength.fixed(1), .fixed(2), .fixed(3), .adaptive]
    )
    func theLawIsTheExperts(rule: RuleSettings, draftLength: DraftLength) {
        for (prompt, bonus) in Self.prompts.flatMap({ prompt in RuleSettings.Bonus.allCases.map { (prompt, $0) } }) {
            var rule = rule
            rule.bonus = bonus
            var drafted = 0
            let law = CellDraws.law(borders: Self.borders) {
                answer(rule, draftLength, prompt: prompt, limit: 3, $0, drafted: &drafted)
            }
            // Without a bonus a single drafted token promises nothing: adaptive may leave it out.
            #expect(drafted > 0 || (draftLength == .adaptive && bonus == .rule))
            #expect(abs(law.values.reduce(0, +) - 1) < 1e-12)
            #expect(distance(law, expertAlone(prompt, limit: 3)) < 1e-12)
        }
    }

    /// A rule that reads the expert alone keeps looked-up tokens in its head: another law, so the equality above is not
    /// for want of anything to tell apart.
    @Test func aRuleThatReadsTheExpertKeepsThem() {
        var drafted = 0
        let rule = RuleSettings(rule: .tokenLT, alpha: 0.9)
        let prompt = Self.prompts[0]
        let law = CellDraws.law(borders: Self.borders) {
            answer(rule, .fixed(2), prompt: prompt, limit: 3, $0, drafted: &drafted)
        }
        #expect(abs(law.values.reduce(0, +) - 1) < 1e-12)
        // Behind the prompt comes what followed it before, as often as the rule lets it stand: always.
        #expect(abs(law.filter { $0.key.first == 2 }.values.reduce(0, +) - 1) < 1e-12)
        #expect(distance(law, expertAlone(prompt, limit: 3)) > 0.1)
    }
}
