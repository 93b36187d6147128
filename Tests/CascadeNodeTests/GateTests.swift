import CascadeCore
import CascadeModel
import CascadeRules
import CascadeTestSupport
import Testing

@testable import CascadeNode

/// What nodes read off a row of logits for a rule's gate, against the same numbers off a plain row.
struct GateTests {
    private static let sampling = SamplingSettings(temperature: 0.5, topK: 20)

    /// Runs `body` on a row of random logits, of all 300 tokens or of every third one.
    private func withRow(trimmed: Bool, _ body: (LogitsRow) throws -> Void) throws {
        var random = SeededGenerator(seed: 17)
        let head = trimmed ? (0..<Token(100)).map { 3 * $0 } : nil
        let logits = (0..<(head?.count ?? 300)).map { _ in Float.random(in: -6...3, using: &random) }
        let kernels = try KernelSet(named: "generic")
        try logits.withUnsafeBufferPointer { try body(LogitsRow($0, headTokens: head, kernels: kernels)) }
    }

    /// The row of temperature 1 without truncation.
    private func raw(_ row: LogitsRow) -> Distribution { row.distribution(SamplingSettings(temperature: 1)) }

    @Test(arguments: RuleSettings.Rule.allCases, RuleSettings.Gate.allCases)
    func expertsGate(rule: RuleSettings.Rule, gate: RuleSettings.Gate) throws {
        try withRow(trimmed: false) { row in
            let processed = row.distribution(Self.sampling)
            let tokens = (row.top(40).map(\.token) + [1, 299]).reduce(into: Set()) { $0.insert($1) }.sorted()
            let drafted = try #require(Distribution(tokens: tokens, weights: tokens.map { _ in 1 }))
            let draft = DraftedPosition(
                token: tokens[0],
                row: drafted,
                gate: DraftGate(maximum: 0.5, argmax: row.top(3)[2].token)
            )
            let settings = RuleSettings(rule: rule, topN: 7, gate: gate)
            let found = row.gate(settings, draft: draft, processed: processed)
            #expect(found.argmax == row.argmax)
            guard rule.readsGate else { return }
            let expected = GateRow(gate == .raw ? raw(row) : processed, draft: draft, settings: settings)
            #expect(abs(found.maximum - expected.maximum) < 1e-6)
            #expect(abs(found.entropy - expected.entropy) < 1e-5)
            #expect((found.entropy > 0) == rule.traits.reads.contains(.entropyP))
            #expect(abs(found.favouriteProbability - expected.favouriteProbability) < 1e-6)
            #expect((found.favouriteProbability > 0) == (rule == .bild))
            #expect(found.isInTop == expected.isInTop)
            #expect(found.isInTop.filter(\.self).count == (rule == .topkDelta ? 7 : 0))
            for (one, other) in zip(found.probabilities, expected.probabilities) { #expect(abs(one - other) < 1e-6) }
        }
    }

    @Test(arguments: RuleSettings.Rule.allCases.filter(\.readsDrafter), [false, true])
    func draftersGate(rule: RuleSettings.Rule, trimmed: Bool) throws {
        try withRow(trimmed: trimmed) { row in
            let processed = row.distribution(Self.sampling)
            let token = row.top(2)[1].token
            for gate in RuleSettings.Gate.allCases {
                let found = row.draftGate(RuleSettings(rule: rule, gate: gate), token: token, processed: processed)
                let expected = DraftGate(
                    gate == .raw ? raw(row) : processed,
                    token: token,
                    settings: RuleSettings(rule: rule)
                )
                #expect(abs(found.maximum - expected.maximum) < 1e-6 && found.maximum > 0)
                #expect(found.argmax == expected.argmax)
                #expect(abs(found.probability - expected.probability) < 1e-6)
                #expect(abs(found.entropy - expected.entropy) < 1e-5)
            }
            // The two gates are told apart: temperature 0.5 sharpens.
            let (one, other) = (raw(row).largestProbability, processed.largestProbability)
            #expect(other > one + 0.01)
        }
    }
}
