import CascadeCore
import CascadeText
import CascadeWorker
import Testing

@testable import CascadeNode

/// What synthetic nodes make up.
struct SyntheticTests {
    private func hashes(_ count: Int) -> [Hash128] {
        (0..<count).map { PrefixHash.extend(PrefixHash.empty, [Token($0), 7]) }
    }

    private func spec(temperature: Double, support: Int = 64) -> SequenceSpec {
        SequenceSpec(id: 1, seed: 1, sampling: SamplingSettings(temperature: temperature), draftSupport: support)
    }

    @Test(arguments: [0, 0.1, 0.5, 0.8, 1])
    func greedyTokensAreEqualAsOftenAsAsked(_ acceptance: Double) {
        let distributions = SyntheticDistributions(acceptance: acceptance)
        let spec = spec(temperature: 0)
        let count = 20_000
        let equal = hashes(count).count { distributions.draftRow($0, spec) == distributions.expertRow($0, spec) }
        let sigma = (acceptance * (1 - acceptance) * Double(count)).squareRoot()
        #expect(abs(Double(equal) - acceptance * Double(count)) <= 3 * sigma)
    }

    /// The sum of min(p, q), which is how probable acceptance is under the rule lossless.
    @Test(arguments: [0, 0.3, 0.8, 1])
    func rowsOverlapAsMuchAsAsked(_ acceptance: Double) {
        let distributions = SyntheticDistributions(acceptance: acceptance)
        for support in [1, 5, 64, 200] {
            let spec = spec(temperature: 0.8, support: support)
            for hash in hashes(20) {
                let q = distributions.draftRow(hash, spec)
                let p = distributions.expertRow(hash, spec)
                #expect(q.tokens.count == min(support, 64))
                let overlap = q.tokens.reduce(0) { $0 + min(q.probability(of: $1), p.probability(of: $1)) }
                #expect(abs(overlap - acceptance) < 1e-5)
            }
        }
    }

    @Test func theVocabularyHasATokenForEachByteAndAnEnd() throws {
        let tokenizer = try PromptTokenizer(block: SyntheticTokenizer.block(acceptance: 0.8))
        let text = Array("Grüße,\n\0\u{7F} 1 + 2".utf8)
        #expect(try tokenizer.encode(prompt: text, format: .automatic, system: nil) == text.map(Token.init))
        #expect(tokenizer.vocabulary.count == 258)
        #expect(tokenizer.vocabulary.endTokens == [256])
        #expect((0..<256).allSatisfy { Array(tokenizer.vocabulary.bytes(of: Token($0))) == [UInt8($0)] })
        #expect(tokenizer.vocabulary == (try SyntheticTokenizer.vocabulary(acceptance: 0.8)))
        #expect(tokenizer.vocabulary.hash != (try SyntheticTokenizer.vocabulary(acceptance: 0.7)).hash)
    }

    @Test func settingsAreChecked() {
        #expect(SyntheticSettings(acceptance: 0.5, costs: [CostPoint(rows: 1, milliseconds: 0)]).problem == nil)
        #expect(SyntheticSettings(acceptance: 1.1).problem != nil)
        #expect(SyntheticSettings(acceptance: .nan).problem != nil)
        for rows in [[0], [2, 2], [2, 1]] as [[UInt32]] {
            let costs = rows.map { CostPoint(rows: $0, milliseconds: 1) }
            #expect(SyntheticSettings(acceptance: 1, costs: costs).problem != nil)
        }
        #expect(SyntheticSettings(acceptance: 1, costs: [CostPoint(rows: 1, milliseconds: -1)]).problem != nil)
    }

    // MARK: Workers

    private func fence(_ round: UInt32) -> Fence {
        Fence(boot: 1, incarnation: 2, sequence: SequenceID(job: JobID(rawValue: 3)), round: round)
    }

    /// A node that lacks tokens says so, one that has drafted ones is not given them again, and a pass takes its time.
    @Test func requestsStandOnWhatTheNodeHas() throws {
        let costs = [CostPoint(rows: 1, milliseconds: 5), CostPoint(rows: 11, milliseconds: 25)]
        let model = SyntheticModel(.expert, SyntheticSettings(acceptance: 1, costs: costs))
        var worker = Worker(model: model, maxBatchedTokens: 64)
        let prompt = [Token](0..<8)
        func verify(_ round: UInt32, _ prefix: Prefix, spec: SequenceSpec?, draft: [Token] = []) -> WorkRequest {
            let positions = draft.map {
                DraftedPosition(token: $0, row: Distribution(oneHot: $0), gate: DraftGate(maximum: 1))
            }
            return .verify(Verify(fence: fence(round), specID: 1, spec: spec, prefix: prefix, draft: positions))
        }
        let behind = Prefix(baseLength: 8, hash: PrefixHash.extend(PrefixHash.empty, prompt[..<4]), tail: [4, 5, 6, 7])
        worker.add(verify(1, behind, spec: nil))
        #expect(
            worker.runPass(at: Instant(nanoseconds: 0)) == [
                .missing(Missing(fence: fence(1), length: 0, needsSpec: true))
            ]
        )
        worker.add(verify(1, behind, spec: spec(temperature: 0)))
        #expect(
            worker.runPass(at: Instant(nanoseconds: 0)) == [
                .missing(Missing(fence: fence(1), length: 0, needsSpec: false))
            ]
        )
        let whole = Prefix(baseLength: 8, hash: PrefixHash.empty, tail: prompt)
        worker.add(verify(1, whole, spec: nil, draft: [1, 2]))
        let answers = worker.runPass(at: Instant(nanoseconds: 0))
        guard case .verified(let verified)? = answers.first, answers.count == 1 else {
            Issue.record("no verdict: \(answers)")
            return
        }
        #expect(verified.evidence.count == 2 && verified.bonus != nil)
        #expect(verified.milliseconds >= 23 && worker.isIdle && worker.model.usedTokens == 10)
        // Another token than the first drafted one was committed: one row.
        let next = Prefix(baseLength: 9, hash: PrefixHash.extend(PrefixHash.empty, prompt), tail: [9])
        worker.add(verify(2, next, spec: nil))
        guard case .verified(let second)? = worker.runPass(at: Instant(nanoseconds: 0)).first else {
            Issue.record("no verdict")
            return
        }
        #expect(second.milliseconds >= 5 && second.milliseconds < 23 && worker.model.usedTokens == 9)
        worker.release(fence(1).sequence)
        #expect(worker.model.usedTokens == 0)
    }
}
