import CascadeCoordinator
import CascadeCore
import CascadeWorker
import Testing

struct HappyPathTests {
    @Test func answersWhatTheExpertAloneWouldAnswer() throws {
        var harness = Harness.pair()
        let job = harness.submit(harness.submission("hello", maxTokens: 30))
        harness.settle()
        let report = try #require(harness.report(job))
        let expected = Toy.answer(prompt: Toy.tokens(Array("hello".utf8)), count: 30)
        #expect(report.tokens == expected)
        #expect(report.text == Toy.text(expected))
        #expect(report.reason == .length)
        #expect(report.error == nil)
        #expect(report.promptTokens == 5)
        #expect(report.counts.problem(emitted: report.tokens.count) == nil)
        #expect(report.counts.matched > 0)
        #expect(report.counts.recovered > 0)
        #expect(report.counts.rounds < 30)
        #expect(harness.machine.totals == report.counts)
    }

    @Test func streamsTheReport() throws {
        var harness = Harness.pair()
        let job = harness.submit(harness.submission())
        harness.settle()
        let report = try #require(harness.report(job))
        let deltas = harness.deltas(job)
        #expect(deltas.flatMap(\.tokens) == report.tokens)
        #expect(deltas.flatMap(\.text) == report.text)
        #expect(deltas.flatMap(\.origins).count == report.tokens.count)
        var offset: UInt32 = 0
        for delta in deltas {
            #expect(delta.tokenOffset == offset)
            offset += UInt32(delta.tokens.count)
        }
        guard case .finished = harness.messages().last else {
            Issue.record("the last message must be the report")
            return
        }
    }

    @Test(arguments: [1, 2, 5, 40])
    func runsSeveralSequencesAtOnce(count: Int) throws {
        var harness = Harness(limits: Harness.fixed)
        harness.join(ToyNode("expert-1", .expert), credits: 2)
        harness.join(ToyNode("expert-2", .expert), credits: 2)
        harness.join(ToyNode("drafter", .drafter), credits: 2)
        var jobs: [(JobID?, String)] = []
        for number in 0..<count {
            let prompt = "prompt \(number)"
            jobs.append((harness.submit(harness.submission(prompt, maxTokens: 12)), prompt))
        }
        harness.settle()
        for (job, prompt) in jobs {
            let report = try #require(harness.report(job))
            #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array(prompt.utf8)), count: 12))
        }
        if count > 1 {
            #expect(!harness.node("expert-1").received.isEmpty)
            #expect(!harness.node("expert-2").received.isEmpty)
        }
    }

    @Test func sendsTheSpecAndThePromptOnce() throws {
        var harness = Harness.pair()
        harness.submit(harness.submission(String(repeating: "x", count: 50), maxTokens: 30))
        harness.settle()
        for name in ["expert", "drafter"] {
            var specs = 0
            var longTails = 0
            for message in harness.node(name).received {
                switch message {
                case .draft(let draft):
                    specs += draft.spec == nil ? 0 : 1
                    longTails += draft.prefix.tail.count > 8 ? 1 : 0
                case .verify(let verify):
                    specs += verify.spec == nil ? 0 : 1
                    longTails += verify.prefix.tail.count > 8 ? 1 : 0
                default: break
                }
            }
            #expect(specs == 1)
            #expect(longTails == 1)
            #expect(harness.machine.transitions[.requestMissing] == 0)
        }
    }

    @Test func withoutBonusEveryTokenIsJudged() throws {
        var harness = Harness.pair()
        var submit = harness.submission("abc", maxTokens: 24)
        submit.rule.bonus = .rule
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 24))
        #expect(report.counts.bonus == 0)
        #expect(report.counts.unruledPositions == 0)
        #expect(report.counts.problem(emitted: 24) == nil)
    }

    @Test func speculationCanBeSwitchedOff() throws {
        var harness = Harness.pair()
        var submit = harness.submission("abc", maxTokens: 10)
        submit.draftLength = .fixed(0)
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.counts.drafted == 0)
        #expect(report.counts.rounds == 10)
        #expect(report.counts.unruledPositions == 10)
    }

    @Test func nodesForgetAFinishedSequence() {
        var harness = Harness.pair()
        harness.submit(harness.submission())
        harness.settle()
        #expect(harness.node("expert").worker.sequenceCount == 0)
        #expect(harness.node("drafter").worker.sequenceCount == 0)
    }
}
