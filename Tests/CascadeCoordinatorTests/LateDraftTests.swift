import CascadeCore
import Testing

@testable import CascadeCoordinator

/// A drafter that stands still: rounds go on without it, soon where no byte hangs on what it drafts.
struct LateDraftTests {
    private static let expert = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 40)]
    private static let drafter = [CostPoint(rows: 1, milliseconds: 4), CostPoint(rows: 16, milliseconds: 8)]

    /// A job whose first draft does not come.
    private func stuck(_ change: (inout Submit) -> Void) -> (Harness, Submit) {
        var harness = Harness(limits: CoordinatorLimits())
        harness.join(ToyNode("expert", .expert), costs: Self.expert)
        harness.join(ToyNode("drafter", .drafter), costs: Self.drafter)
        harness.mute("drafter")
        harness.mute("expert")
        var submit = harness.submission(maxTokens: 20)
        change(&submit)
        return (harness, submit)
    }

    @Test func aLateDraftIsDoneWithout() throws {
        var (harness, submit) = stuck { $0.draftLength = .fixed(4) }
        let submitted = harness.submit(submit)
        let job = try #require(submitted)
        harness.settle()
        harness.answerPings(of: "drafter", milliseconds: 400)
        #expect(harness.heldVerify("expert") == nil)
        harness.answerPings(of: "drafter", milliseconds: 200)
        let verify = try #require(harness.heldVerify("expert"))
        #expect(verify.draft.isEmpty)
        // It is left alone for a while: the rounds behind this one do not wait for it.
        harness.unmute("expert")
        harness.settle()
        harness.answerPings(of: "drafter", milliseconds: 200)
        #expect(harness.report(job)?.tokens.count == 20)
        #expect(harness.machine.transitions[.requestExpired] == 1)
    }

    /// Under G4 a draft that is left out changes bytes: only a drafter that is as good as lost is done without.
    @Test func whereBytesHangOnDraftsItIsWaitedFor() throws {
        var (harness, submit) = stuck {
            $0.draftLength = .fixed(4)
            $0.sampling.temperature = 1
        }
        harness.submit(submit)
        harness.settle()
        harness.answerPings(of: "drafter", milliseconds: 4_500)
        #expect(harness.heldVerify("expert") == nil)
        harness.answerPings(of: "drafter", milliseconds: 1_000)
        #expect(try #require(harness.heldVerify("expert")).draft.isEmpty)
    }

    /// A prompt takes its time, with a drafter as well.
    @Test func aLongPromptIsNotLate() {
        var (harness, submit) = stuck {
            $0.draftLength = .fixed(4)
            $0.prompt = Array(String(repeating: "abc", count: 300).utf8)
        }
        harness.join(ToyNode("large", .expert, contextLength: 2_048), costs: Self.expert)
        harness.join(ToyNode("small", .drafter, contextLength: 2_048), costs: Self.drafter)
        harness.mute("small")
        harness.mute("large")
        harness.submit(submit)
        harness.settle()
        // 900 tokens at 4/15 ms each, four times.
        harness.answerPings(of: "small", milliseconds: 900)
        #expect(harness.heldVerify("large") == nil)
        harness.answerPings(of: "small", milliseconds: 500)
        #expect(harness.heldVerify("large") != nil)
    }

    @Test(arguments: [
        (RuleSettings.Rule.lossless, 0.0, RuleSettings.VerifyMethod.rejection, DraftLength.fixed(4), false),
        (.lossless, 0, .block, .adaptive, false),
        (.lossless, 1, .coupled, .fixed(4), false),
        (.lossless, 1, .rejection, .fixed(4), true),
        (.lossless, 1, .rejection, .adaptive, false),
        (.tokenV3, 0, .rejection, .fixed(4), true),
        (.tokenV3, 0, .rejection, .adaptive, false),
        (.tokenCascade, 0, .rejection, .adaptive, true),
    ])
    func bytesHangOnDrafts(
        rule: RuleSettings.Rule,
        temperature: Double,
        method: RuleSettings.VerifyMethod,
        length: DraftLength,
        _ expected: Bool
    ) {
        var harness = Harness(limits: CoordinatorLimits())
        var submit = harness.submission()
        submit.sampling.temperature = temperature
        func hangs(_ bonus: RuleSettings.Bonus) -> Bool {
            submit.rule = RuleSettings(rule: rule, bonus: bonus, verifyMethod: method)
            let id = JobID(rawValue: 1)
            let accepted = AcceptedJob(number: 1, submit: submit, seed: 1, draftLength: length)
            return Job(id: id, accepted, at: harness.now).needsItsDrafts
        }
        #expect(hangs(.target) == expected)
        if rule != .lossless { #expect(hangs(.rule)) }
    }
}
