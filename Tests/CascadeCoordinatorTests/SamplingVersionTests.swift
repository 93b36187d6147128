import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Jobs with penalties or a bias: they go to nodes that know these settings alone, for others would leave them out.
@Suite struct SamplingVersionTests {
    private static func penalised(_ harness: inout Harness, _ prompt: String = "hello") -> Submit {
        var submit = harness.submission(prompt)
        submit.sampling.frequencyPenalty = 0.5
        return submit
    }

    private static func old(_ name: String, _ role: NodeRole) -> ToyNode { ToyNode(name, role, samplingVersion: 0) }

    @Test func theSpecHasThem() throws {
        var harness = Harness.pair()
        var submit = Self.penalised(&harness)
        submit.sampling.logitBias = [LogitBias(token: 26, bias: -2)]
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.reason == .length && report.sampling == submit.sampling)
        for name in ["expert", "drafter"] {
            let specs = harness.node(name).received.compactMap { message -> SequenceSpec? in
                switch message {
                case .draft(let draft): draft.spec
                case .verify(let verify): verify.spec
                default: nil
                }
            }
            #expect(!specs.isEmpty && specs.allSatisfy { $0.sampling == submit.sampling }, "\(name)")
        }
    }

    /// A job says in words what it needs where no expert has it; any other job goes on.
    @Test func wherePoolKnowsNoPenaltiesTheJobIsRefused() throws {
        var harness = Harness()
        harness.join(Self.old("expert", .expert))
        harness.join(ToyNode("drafter", .drafter))
        #expect(harness.submit(Self.penalised(&harness)) == nil)
        let refused = try #require(harness.refusals().last)
        #expect(refused.code == .badRequest && refused.message.contains("knows no penalties"))
        let job = harness.submit(harness.submission())
        harness.settle()
        #expect(harness.report(job)?.reason == .length)
    }

    /// One that was accepted before any expert was there ends with the same words.
    @Test func aJobThatWaitedIsRefusedAsWell() throws {
        var harness = Harness()
        let job = harness.submit(Self.penalised(&harness))
        #expect(job != nil)
        harness.join(Self.old("expert", .expert))
        harness.wait(milliseconds: 3_000)
        let report = try #require(harness.report(job))
        #expect(report.error?.code == .badRequest && report.error?.message.contains("knows no penalties") == true)
        #expect(harness.asked("expert") == 0)
    }

    @Test func newExpertsAnswerAndOldOnesAreLeftOut() throws {
        var harness = Harness()
        harness.join(Self.old("old", .expert))
        harness.join(ToyNode("new", .expert))
        harness.join(Self.old("old drafter", .drafter))
        let jobs = (0..<6).map { harness.submit(Self.penalised(&harness, "abc\($0)")) }
        harness.settle()
        for job in jobs { #expect(harness.report(job)?.reason == .length) }
        #expect(harness.asked("old") == 0 && harness.asked("old drafter") == 0)
        #expect(harness.asked("new") > 0)
        // What has no penalties goes to all of them.
        for index in 0..<6 { harness.submit(harness.submission("def\(index)")) }
        harness.settle()
        #expect(harness.asked("old") > 0 && harness.asked("old drafter") > 0)
    }

    /// An answer whose expert goes away waits for another one that knows its settings; jobs behind it do not wait with
    /// it.
    @Test func aRunningJobWaitsForANewExpert() throws {
        var harness = Harness()
        harness.join(Self.old("old", .expert))
        harness.join(ToyNode("new", .expert))
        harness.mute("new")
        let job = harness.submit(Self.penalised(&harness))
        #expect(harness.heldVerify("new") != nil)
        harness.feed(.peerLost(harness.node("new").peer))
        harness.wait(milliseconds: 3_000)
        #expect(harness.report(job) == nil && harness.asked("old") == 0)
        let other = harness.submit(harness.submission("other"))
        harness.settle()
        #expect(harness.report(other)?.reason == .length)
        harness.join(ToyNode("newer", .expert))
        harness.wait(milliseconds: 3_000)
        #expect(harness.report(job)?.reason == .length)
        #expect(harness.asked("old") > 0)
    }

    // MARK: Values

    /// A token that the vocabulary lacks is refused at once where the pool is known, and with the prompt where not.
    @Test func aBiasBeyondTheVocabularyIsRefused() throws {
        var harness = Harness.pair()
        var submit = harness.submission()
        submit.sampling.logitBias = [LogitBias(token: 3, bias: 1), LogitBias(token: Token(Toy.count), bias: 1)]
        #expect(harness.submit(submit) == nil)
        #expect(harness.refusals().last?.message.contains("token \(Toy.count), and the vocabulary has") == true)
        submit = harness.submission()
        submit.sampling.logitBias = [LogitBias(token: Token(Toy.count) - 1, bias: 1)]
        #expect(harness.submit(submit) != nil)

        var early = Harness()
        submit = early.submission()
        submit.sampling.logitBias = [LogitBias(token: 1_000, bias: 1)]
        let job = early.submit(submit)
        #expect(job != nil)
        early.join(ToyNode("expert", .expert))
        early.settle()
        let report = try #require(early.report(job))
        #expect(report.error?.code == .badRequest && report.error?.message.contains("token 1000") == true)
    }

    @Test(arguments: [
        (SamplingSettings(presencePenalty: 2.1), "presence-penalty"),
        (SamplingSettings(frequencyPenalty: -3), "frequency-penalty"),
        (SamplingSettings(repetitionPenalty: 0), "repetition-penalty"),
        (SamplingSettings(repetitionPenalty: 101), "repetition-penalty"),
        (SamplingSettings(logitBias: [LogitBias(token: 2, bias: 100.5)]), "token 2 must be between -100 and 100"),
        (SamplingSettings(logitBias: [LogitBias(token: 2, bias: 1), LogitBias(token: 2, bias: 1)]), "token 2 twice"),
    ])
    func whatIsOutOfRangeIsRefused(sampling: SamplingSettings, words: String) {
        var harness = Harness.pair()
        var submit = harness.submission()
        submit.sampling = sampling
        #expect(harness.submit(submit) == nil)
        #expect(harness.refusals().last?.message.contains(words) == true, "\(harness.refusals())")
    }

    /// The same key with other penalties is another submission.
    @Test func aKeyBelongsToItsPenalties() {
        var harness = Harness.pair()
        var submit = Self.penalised(&harness)
        #expect(harness.submit(submit) != nil)
        submit.requestID += 100
        submit.sampling.frequencyPenalty = 0.25
        #expect(harness.submit(submit) == nil)
        #expect(harness.refusals().last?.message.contains("belongs to another submission") == true)
    }
}
