import CascadeCore
import CascadeRules
import CascadeTestSupport
import Testing

@testable import CascadeWorker

/// A worker that reads a long prompt while others decode.
struct SharedPassTests {
    /// Ten milliseconds a row, and ten for the pass; remembers the rows of its passes.
    private struct Paced: TokenModel {
        static let costs = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 16, milliseconds: 170)]
        var caches = TokenCaches()
        var passes: [Int] = []

        mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
            try caches.append(batch)
            passes.append(batch.reduce(0) { $0 + $1.tokens.count })
            return Double(10 + 10 * (passes.last ?? 0))
        }

        func row(_ row: Int, of entry: Int) -> DistributionRow {
            DistributionRow(raw: Distribution(oneHot: caches.prefix(ofRow: row, entry: entry).last + 1))
        }
    }

    private var worker = Worker(model: Paced(), maxBatchedTokens: 64, pace: PromptPace(costs: Paced.costs))
    private var now = Instant(nanoseconds: 1_000_000_000)

    private static func fence(_ sequence: UInt64, _ round: UInt32) -> Fence {
        Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: sequence)), round: round)
    }

    /// Asks for the token behind `tokens`, of which all but the last are known from round 2 on.
    private mutating func ask(_ sequence: UInt64, _ tokens: [Token], round: UInt32 = 1) {
        let known = round == 1 ? 0 : tokens.count - 1
        let prefix = Prefix(
            baseLength: UInt32(tokens.count),
            hash: PrefixHash.extend(PrefixHash.empty, tokens[..<known]),
            tail: Array(tokens[known...])
        )
        let spec = round == 1 ? SequenceSpec(id: 1, seed: 1) : nil
        worker.add(
            .verify(Verify(fence: Self.fence(sequence, round), specID: 1, spec: spec, prefix: prefix, draft: []))
        )
    }

    /// Runs a pass, which takes its time; who was answered.
    private mutating func pass() -> [UInt64] {
        let answers = worker.runPass(at: now)
        now = now.advanced(milliseconds: UInt64(10 + 10 * (worker.model.passes.last ?? 0)))
        return answers.compactMap { $0.fence?.sequence.job.rawValue }
    }

    private static let long = [Token](1...400)

    /// A stream gets a token with each pass, none of which takes longer than four of one token; also where its request
    /// is on the wire when a pass begins.
    @Test(arguments: [true, false])
    mutating func aRunningStreamsGapIsBounded(isThere: Bool) {
        var stream: [Token] = [7]
        ask(1, stream)
        #expect(pass() == [1])
        ask(2, Self.long)
        var round: UInt32 = 1
        while !worker.readings.isEmpty {
            if isThere || worker.model.passes.count % 2 == 0 {
                stream.append(stream[stream.count - 1] + 1)
                round += 1
                ask(1, stream, round: round)
                #expect(pass().contains(1))
            } else {
                #expect(!pass().contains(1))
            }
            #expect(10 + 10 * (worker.model.passes.last ?? 0) <= 80)
        }
        #expect(worker.model.passes.count > 400 / 7)
    }

    /// While nobody decodes a pass is longer, and it is again once the stream has ended, or was silent for long.
    @Test(arguments: [true, false])
    mutating func alonePromptsAreReadInLargeParts(isReleased: Bool) {
        ask(1, [7])
        ask(2, Self.long)
        #expect(pass() == [1] && worker.model.passes == [7])
        if isReleased {
            worker.release(Self.fence(1, 1).sequence)
        } else {
            #expect(pass().isEmpty && worker.model.passes.last == 7)
            now = now.advanced(milliseconds: 2_000)
        }
        #expect(pass().isEmpty)
        #expect(worker.model.passes.last == 31)
    }

    /// A short prompt that comes while a long one is read has its answer within a few passes, and the long one goes on.
    @Test mutating func aShortPromptIsNotKeptWaiting() {
        ask(1, Self.long)
        #expect(pass().isEmpty)
        ask(2, [Token](501...530))
        var passes = 0
        while !pass().contains(2), passes < 10 { passes += 1 }
        #expect(passes <= 1)
        #expect(worker.readings.first.map { $0.prompt.tokensRead > 31 } == true)
    }

    /// What is told of prompts: how far they are, of how many tokens, and nothing of short feeds.
    @Test mutating func readingsTellHowFarPromptsAre() {
        ask(1, [7])
        ask(2, Self.long)
        let (sequence, tokens) = (Self.fence(2, 1).sequence, UInt32(Self.long.count))
        #expect(
            worker.readings == [
                SequenceReading(sequence: sequence, prompt: PromptReading(tokensRead: 0, tokens: tokens))
            ]
        )
        _ = pass()
        #expect(worker.readings.map(\.prompt) == [PromptReading(tokensRead: 6, tokens: tokens)])
        while !worker.readings.isEmpty { _ = pass() }
        #expect(worker.pendingCount == 1, "the last tokens go with the round")
        #expect(pass() == [2])
    }

    /// However passes are cut, the answers are the same.
    @Test func chunksChangeNothing() throws {
        var answers: [[Token?]] = []
        for bound in [1.0, 80, 100_000] {
            let pace = PromptPace(costs: Paced.costs, maxInterTokenMilliseconds: bound)
            var scene = SharedPassTests()
            scene.worker = Worker(model: Paced(), maxBatchedTokens: 64, pace: pace)
            for number in 1...3 { scene.ask(UInt64(number), [Token](1...Token(50 * number))) }
            var bonus: [Token?] = [nil, nil, nil]
            while !scene.worker.isIdle {
                for case .verified(let verified) in scene.worker.runPass(at: scene.now) {
                    bonus[Int(verified.fence.sequence.job.rawValue) - 1] = verified.bonus
                }
            }
            answers.append(bonus)
        }
        #expect(answers.allSatisfy { $0 == [51, 101, 151] })
    }
}
