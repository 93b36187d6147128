import CascadeCore
import CascadeRules
import CascadeTestSupport
import Testing

@testable import CascadeWorker

/// A worker over a model that says which token comes after which.
struct WorkerTests {
    /// Behind a token comes the next one; one of them it is not sure of.
    private struct Counting: TokenModel {
        var caches: TokenCaches
        var unsureOf: Token?

        mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double {
            try caches.append(batch)
            return 1
        }

        func row(_ row: Int, of entry: Int) -> DistributionRow {
            let next = caches.prefix(ofRow: row, entry: entry).last + 1
            let isSure = next != unsureOf
            let weights: [Float] = isSure ? [1] : [0.6, 0.4]
            let tokens = isSure ? [next] : [next, next + 1]
            return DistributionRow(raw: Distribution(tokens: tokens, weights: weights) ?? Distribution(oneHot: next))
        }
    }

    private func worker(capacity: Int = .max, maxBatchedTokens: Int = 64, unsureOf: Token? = nil) -> Worker<Counting> {
        let model = Counting(caches: TokenCaches(capacity: capacity), unsureOf: unsureOf)
        return Worker(model: model, maxBatchedTokens: maxBatchedTokens)
    }

    private func fence(_ sequence: UInt64, _ round: UInt32 = 1) -> Fence {
        Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: sequence)), round: round)
    }

    private func draft(
        _ sequence: UInt64,
        _ prompt: [Token],
        count: UInt32,
        confidence: Double = 0,
        end: [Token] = []
    ) -> WorkRequest {
        .draft(
            Draft(
                fence: fence(sequence),
                specID: 1,
                spec: SequenceSpec(id: 1, seed: 1, guardTokens: end),
                prefix: Prefix(baseLength: UInt32(prompt.count), hash: PrefixHash.empty, tail: prompt),
                count: count,
                minimumConfidence: confidence
            )
        )
    }

    private func tokens(_ answers: [Message]) -> [[Token]] {
        answers.map { if case .drafted(let drafted) = $0 { drafted.positions.map(\.token) } else { [] } }
    }

    @Test func eachPassDraftsOneToken() {
        var worker = worker()
        worker.add(draft(1, [1, 2], count: 3))
        worker.add(draft(2, [10], count: 2))
        #expect(worker.runPass(at: Instant(nanoseconds: 0)).isEmpty)
        #expect(tokens(worker.runPass(at: Instant(nanoseconds: 0))) == [[11, 12]])
        let last = worker.runPass(at: Instant(nanoseconds: 0))
        #expect(tokens(last) == [[3, 4, 5]] && worker.isIdle)
        guard case .drafted(let drafted)? = last.first else { return }
        // Three tokens, then two, then one; the last drafted token is not fed.
        #expect(drafted.passes == 3 && drafted.rows == 6 && drafted.milliseconds == 3)
        #expect(worker.model.usedTokens == 4 + 2)
    }

    @Test(arguments: [(0.5, [Token](3...7)), (0.7, [3, 4])])
    func aDraftStopsBeforeARowThatIsNotSure(confidence: Double, expected: [Token]) {
        var worker = worker(unsureOf: 5)
        worker.add(draft(1, [2], count: 5, confidence: confidence))
        var answers: [Message] = []
        for _ in 0..<8 { answers += worker.runPass(at: Instant(nanoseconds: 0)) }
        #expect(tokens(answers) == [expected])
    }

    @Test func aDraftEndsWithAnEndToken() {
        var worker = worker()
        worker.add(draft(1, [1], count: 8, end: [4]))
        var answers: [Message] = []
        for _ in 0..<8 { answers += worker.runPass(at: Instant(nanoseconds: 0)) }
        #expect(tokens(answers) == [[2, 3, 4]])
    }

    @Test func aRequestThatIsReleasedOrReplacedIsNotAnswered() {
        var worker = worker()
        worker.add(draft(1, [1], count: 4))
        #expect(worker.runPass(at: Instant(nanoseconds: 0)).isEmpty && worker.pendingCount == 1)
        worker.release(fence(1).sequence)
        #expect(worker.isIdle && worker.sequenceCount == 0 && worker.model.usedTokens == 0)
        worker.add(draft(1, [1], count: 2))
        worker.add(draft(1, [1], count: 2))
        #expect(worker.pendingCount == 1, "the same request again")
    }

    /// What a node lacks is said although nothing is to be computed.
    @Test func whatIsMissingIsAnAnswer() {
        var worker = worker()
        let prefix = Prefix(baseLength: 3, hash: PrefixHash.extend(PrefixHash.empty, [1, 2]), tail: [3])
        worker.add(.verify(Verify(fence: fence(1), specID: 1, spec: nil, prefix: prefix, draft: [])))
        #expect(worker.pendingCount == 0 && !worker.isIdle)
        #expect(
            worker.runPass(at: Instant(nanoseconds: 0)) == [
                .missing(Missing(fence: fence(1), length: 0, needsSpec: true))
            ]
        )
        #expect(worker.isIdle)
    }

    /// Prefixes that no honest coordinator sends: longer than the sequence, or of no token.
    @Test func aPrefixThatCannotBeHarmsNothing() {
        var worker = worker()
        for (length, tail) in [(UInt32(1), [Token](1...5)), (0, [])] {
            let prefix = Prefix(baseLength: length, hash: PrefixHash.empty, tail: tail)
            let spec = SequenceSpec(id: 1, seed: 1)
            worker.add(
                .verify(Verify(fence: fence(UInt64(length) + 1), specID: 1, spec: spec, prefix: prefix, draft: []))
            )
        }
        let answers = worker.runPass(at: Instant(nanoseconds: 0))
        #expect(answers.count == 2 && worker.isIdle)
        for answer in answers {
            switch answer {
            case .missing, .failed: break
            default: Issue.record("\(answer)")
            }
        }
    }

    /// Where the cache is full, sequences that wait for nothing give their pages.
    @Test func idleSequencesMakeRoom() {
        var worker = worker(capacity: 10)
        worker.add(draft(1, [Token](1...6), count: 1))
        #expect(tokens(worker.runPass(at: Instant(nanoseconds: 0))) == [[7]])
        worker.add(draft(2, [Token](11...18), count: 1))
        #expect(tokens(worker.runPass(at: Instant(nanoseconds: 0))) == [[19]])
        #expect(worker.model.usedTokens == 8)
        // Two at once that fit only one after the other: the youngest fails.
        worker.add(draft(3, [Token](21...26), count: 1))
        worker.add(draft(4, [Token](31...36), count: 1))
        let answers = worker.runPass(at: Instant(nanoseconds: 0))
        guard case .failed(let failed)? = answers.first, answers.count == 1 else {
            Issue.record("\(answers)")
            return
        }
        #expect(failed.fence == fence(4) && failed.message.contains("cache is full"))
        #expect(tokens(worker.runPass(at: Instant(nanoseconds: 0))) == [[27]])
    }
}
