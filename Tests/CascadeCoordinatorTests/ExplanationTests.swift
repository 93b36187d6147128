import CascadeCore
import Testing

@testable import CascadeCoordinator

/// How each token came to be, as a job that asks is told.
struct ExplanationTests {
    private func run(_ rule: RuleSettings, kind: DrafterKind = .model, maxTokens: UInt32 = 24) throws -> (
        [Delta], JobReport
    ) {
        var harness = Harness.pair()
        var submit = harness.submission("abcabcabc", maxTokens: maxTokens)
        submit.rule = rule
        submit.drafterKind = kind
        submit.stop = [Array("zzzz".utf8)]
        let job = harness.submit(submit)
        harness.settle()
        return (harness.deltas(job), try #require(harness.report(job)))
    }

    @Test(arguments: RuleSettings.Rule.allCases.filter { !$0.needsCoin }, RuleSettings.VerifyMethod.allCases)
    func everyTokenIsExplained(rule: RuleSettings.Rule, method: RuleSettings.VerifyMethod) throws {
        let settings = RuleSettings(rule: rule, verifyMethod: method, explains: true)
        let (deltas, report) = try run(settings)
        let explanations = deltas.flatMap(\.explanations)
        let origins = deltas.flatMap(\.origins)
        #expect(explanations.count == report.tokens.count)
        #expect(explanations.reduce(0) { $0 + Int($1.textBytes) } == report.text.count)
        #expect(zip(explanations, explanations.dropFirst()).allSatisfy { $0.round <= $1.round })
        let counts = report.counts
        for (one, (origin, token)) in zip(explanations, zip(origins, report.tokens)) {
            guard let draft = one.draft else {
                #expect(origin == .expert)
                continue
            }
            #expect((draft.token == token) == (origin != .expert))
            #expect(draft.source == .model)
            #expect(draft.probability == 1)
            #expect((draft.evidence == nil) == rule.isSequential)
            if method == .coupled { #expect(draft.coin == nil) }
            guard let evidence = draft.evidence else { continue }
            if origin == .expert { #expect(evidence.residual == token) }
            if method == .rejection, origin == .matched { #expect(try #require(draft.coin) < evidence.ratio) }
            if method == .rejection, origin == .expert { #expect(try #require(draft.coin) >= evidence.ratio) }
        }
        let recovered = zip(explanations, origins).filter { $0.draft != nil && $1 == .expert }.count
        #expect(UInt64(recovered) == counts.recovered)
        #expect(UInt64(explanations.filter { $0.draft == nil }.count) == counts.bonus)
    }

    @Test func copiedTokensSaySo() throws {
        let (deltas, report) = try run(RuleSettings(explains: true), kind: .lookup)
        let copied = deltas.flatMap(\.explanations).filter { $0.draft?.source == .lookup }
        #expect(copied.count > 0 || report.counts.lookupDrafted == 0)
        #expect(UInt64(copied.count) >= report.counts.lookupAccepted)
    }

    @Test func nobodyIsToldWhoDidNotAsk() throws {
        let (deltas, report) = try run(RuleSettings())
        #expect(!report.tokens.isEmpty)
        #expect(deltas.flatMap(\.explanations).isEmpty)
    }

    /// A client that comes back gets the rest, also of a job that has ended.
    @Test func aWatchGetsTheRest() throws {
        var harness = Harness.pair()
        var submit = harness.submission(maxTokens: 24)
        submit.rule.explains = true
        let submitted = harness.submit(submit)
        let job = try #require(submitted)
        harness.settle()
        let all = harness.deltas(job).flatMap(\.explanations)
        let other = PeerID([9])
        harness.feed(.watch(Watch(requestID: 5, job: job, tokenOffset: 7, byteOffset: 7)), from: other)
        #expect(harness.deltas(job, other).flatMap(\.explanations) == Array(all[7...]))
    }

    @Test func longAnswersAreNotExplained() throws {
        var harness = Harness.pair()
        var submit = harness.submission(maxTokens: 2_049)
        submit.rule.explains = true
        #expect(harness.submit(submit) == nil)
        #expect(try #require(harness.refusals().last).message.contains("2048"))
    }
}
