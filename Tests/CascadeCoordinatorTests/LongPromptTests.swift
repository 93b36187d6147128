import CascadeCore
import CascadeWorker
import Testing

@testable import CascadeCoordinator

/// What a long prompt of one job means for the others, and what is told of it.
struct LongPromptTests {
    /// An adaptive pair whose expert answers only what ``answer(_:)`` lets it.
    private var harness: Harness
    private let expert = PeerID(Array("expert/1".utf8))
    /// Runs, and is drafted for.
    private let running: JobID
    /// Has a long prompt, which the expert was sent.
    private let reading: JobID

    private static let prompt = String(repeating: "a long prompt ", count: 15)

    init() throws {
        harness = Harness(limits: CoordinatorLimits())
        let costs = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 26)]
        harness.join(ToyNode("expert", .expert), costs: costs)
        harness.join(ToyNode("drafter", .drafter, pace: 4), costs: [CostPoint(rows: 1, milliseconds: 4)])
        let first = harness.submit(harness.submission("abc", maxTokens: 200))
        running = try #require(first)
        while harness.machine.totals.drafted < 8 { harness.deliver() }
        harness.mute("expert")
        let second = harness.submit(harness.submission(Self.prompt, maxTokens: 4))
        reading = try #require(second)
        harness.settle()
        try #require(isHeld(running) && isHeld(reading))
    }

    private func isHeld(_ job: JobID) -> Bool {
        harness.held.contains { $0.message.requestFence?.sequence.job == job }
    }

    /// The expert answers what it was sent of a job, and everybody else whatever follows.
    private mutating func answer(_ job: JobID) throws {
        let index = try #require(harness.held.firstIndex { $0.message.requestFence?.sequence.job == job })
        let node = try #require(harness.nodes.firstIndex { $0.peer == expert })
        let answer = harness.nodes[node].answer(harness.held.remove(at: index).message)
        harness.feed(try #require(answer), from: expert)
        harness.settle()
    }

    private func drafts(of job: JobID) -> Int {
        harness.node("drafter").received.count {
            if case .draft(let draft) = $0 { draft.fence.sequence.job == job } else { false }
        }
    }

    /// Each drafted row would be one of the prompt's less: rounds go without a draft until the prompt is read.
    @Test mutating func whileAPromptIsReadOthersGoWithoutDrafts() throws {
        // Its present round was drafted before the prompt came.
        try answer(running)
        let before = drafts(of: running)
        for _ in 0..<10 { try answer(running) }
        #expect(drafts(of: running) == before)
        try answer(reading)
        try answer(running)
        try answer(running)
        #expect(drafts(of: running) > before)
    }

    private mutating func report(_ readings: [SequenceReading], passes: UInt64, from peer: PeerID? = nil) {
        let progress = Progress(passes: passes, pending: 2, kvTokensUsed: 0, busyMilliseconds: 0)
        harness.feed(
            .pong(Pong(boot: 77, number: 0, progress: progress, prompts: readings)),
            from: peer ?? expert
        )
    }

    private func reading(_ job: JobID, _ read: UInt32, of tokens: UInt32 = 9) -> SequenceReading {
        SequenceReading(sequence: SequenceID(job: job), prompt: PromptReading(tokensRead: read, tokens: tokens))
    }

    private func told(_ job: JobID) -> [PromptReading] { harness.deltas(job).compactMap(\.prompt) }

    /// Of how many tokens is the coordinator's own word, whatever a node says.
    @Test mutating func whoWaitsIsToldHowFarThePromptIsRead() throws {
        let all = UInt32(Self.prompt.utf8.count)
        report([reading(reading, 40), reading(running, 3), reading(JobID(rawValue: 1), 5)], passes: 10_001)
        #expect(told(reading) == [PromptReading(tokensRead: 40, tokens: all)])
        #expect(told(running).isEmpty, "it has tokens")
        report([reading(reading, .max, of: .max)], passes: 10_002)
        #expect(told(reading).last == PromptReading(tokensRead: all, tokens: all))
        // A late word, one of a node that is not asked, one too many, and one of another sample.
        report([reading(reading, 1)], passes: 10_001)
        report([reading(reading, 2)], passes: 10_002, from: harness.node("drafter").peer)
        report(Array(repeating: reading(running, 1), count: 64) + [reading(reading, 3)], passes: 10_003)
        let other = SequenceID(job: reading, sample: 1)
        report([SequenceReading(sequence: other, prompt: PromptReading(tokensRead: 1, tokens: 2))], passes: 10_004)
        #expect(told(reading).count == 2)
        try answer(reading)
        #expect(harness.deltas(reading).contains { !$0.tokens.isEmpty })
        report([reading(reading, 4)], passes: 10_005)
        #expect(told(reading).count == 2, "the answer has begun")
        #expect(harness.records.isEmpty)
    }
}
