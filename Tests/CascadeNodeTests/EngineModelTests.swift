import CascadeCore
import CascadeModel
import CascadeTestSupport
import CascadeWorker
import Testing

@testable import CascadeNode

/// A worker with a real engine.
struct EngineModelTests {
    @Test func requestsWithOnePromptComputeItOnce() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let engine = try Engine(model: model, options: EngineOptions(threads: 1, contextTokens: 512))
        var worker = Worker(model: EngineModel(engine), maxBatchedTokens: 64)
        var random = SeededGenerator(seed: 9)
        let prompt = (0..<150).map { _ in Token.random(in: 0..<512, using: &random) }
        for number in UInt64(1)...3 {
            let sequence = SequenceID(job: JobID(rawValue: number))
            worker.add(
                .verify(
                    Verify(
                        fence: Fence(boot: 1, incarnation: 2, sequence: sequence, round: 1),
                        specID: 1,
                        spec: SequenceSpec(id: 1, seed: 3, sampling: SamplingSettings(temperature: 0)),
                        prefix: Prefix(baseLength: 150, hash: PrefixHash.empty, tail: prompt),
                        draft: []
                    )
                )
            )
        }
        // The first takes two passes for its two full pages; in the third, 22 tokens are left of each request, and the
        // third request's do not fit into the 64 rows any more.
        var bonus: [[Token?]] = []
        for _ in 0..<4 {
            bonus.append(
                worker.runPass(at: Instant(nanoseconds: 0)).map { message in
                    guard case .verified(let verified) = message else { return nil }
                    return verified.bonus
                }
            )
        }
        #expect(bonus.map(\.count) == [0, 0, 2, 1])
        let tokens = bonus.joined().compactMap { $0 }
        #expect(tokens.count == 3 && Set(tokens).count == 1)
        #expect(worker.hitTokens == 2 * 128 && worker.isIdle)
    }
}
