import CascadeCore
import CascadeRules
import CascadeTestSupport
import Testing

@testable import CascadeWorker

/// An expert's answers against a plain evaluation of the model's rows (``PlainExpert``), whatever passes, chunks and
/// rounds they come from.
struct ExpertTests {
    /// One sequence as its coordinator sees it.
    private struct Sequence {
        let id: UInt64
        let spec: SequenceSpec
        var committed: [Token]
        var round: UInt32 = 0
        /// Tokens that the node is known to hold.
        var known = 0
        /// The text that the node holds after the last request, and all tokens that it had to be fed so far.
        private(set) var held: [Token] = []
        private(set) var fed = 0

        init(_ id: UInt64, length: Int, bonus: RuleSettings.Bonus, _ random: inout SeededGenerator) {
            self.id = id
            committed = (0..<length).map { _ in Token.random(in: 0..<PrefixModel.vocabulary, using: &random) }
            spec = SequenceSpec(
                id: id,
                seed: 1_000 + id,
                sample: UInt32(id),
                sampling: SamplingSettings(temperature: 1),
                rule: RuleSettings(bonus: bonus),
                promptLength: length
            )
        }

        /// A draft of random tokens of the drafter's rows.
        func draft(_ count: Int, _ random: inout SeededGenerator) -> [DraftedPosition] {
            var text = committed
            return (0..<count).map { _ in
                let row = PrefixModel.draft(behind: text[...])
                let token = row.tokens.randomElement(using: &random) ?? 0
                text.append(token)
                return DraftedPosition(token: token, row: row, gate: DraftGate(maximum: row.largestProbability))
            }
        }

        /// The next round's request.
        mutating func request(_ draft: [DraftedPosition]) -> Verify {
            round += 1
            let text = committed + draft.prefix(outputs(draft.count) - 1).map(\.token)
            let shared = zip(held, committed).prefix { $0 == $1 }.count
            // The last committed token is always fed: its row is asked for.
            fed += text.count - min(shared, committed.count - 1)
            held = text
            return Verify(
                fence: Fence(boot: 1, incarnation: 1, sequence: SequenceID(job: JobID(rawValue: id)), round: round),
                specID: spec.id,
                spec: known == 0 ? spec : nil,
                prefix: Prefix(
                    baseLength: UInt32(committed.count),
                    hash: PrefixHash.extend(PrefixHash.empty, committed[..<known]),
                    tail: Array(committed[known...])
                ),
                draft: draft
            )
        }

        /// Output rows that a draft of that length needs.
        func outputs(_ count: Int) -> Int { count == 0 || spec.rule.bonus == .target ? count + 1 : count }
    }

    /// Runs passes until every request is answered; at most `limit`.
    private func answers(_ worker: inout Worker<PrefixModel>, limit: Int = 200) -> [Message] {
        var answers: [Message] = []
        for _ in 0..<limit where !worker.isIdle { answers += worker.runPass(at: Instant(nanoseconds: 0)) }
        #expect(worker.isIdle)
        return answers
    }

    private func verified(_ answers: [Message], _ request: Verify) throws -> Verified {
        let found = answers.compactMap { answer -> Verified? in
            if case .verified(let verified) = answer, verified.fence == request.fence { verified } else { nil }
        }
        try #require(found.count == 1, "\(answers)")
        return found[0]
    }

    private func check(_ said: Verified, _ sequence: Sequence, _ draft: [DraftedPosition], _ place: String) {
        let plain = PlainExpert(spec: sequence.spec).answer(sequence.committed, draft)
        #expect(said.bonus == plain.bonus, "\(place)")
        #expect(said.evidence.count == plain.evidence.count, "\(place)")
        for (found, expected) in zip(said.evidence, plain.evidence) {
            func isClose(_ field: KeyPath<Evidence, Double>) -> Bool {
                abs(found[keyPath: field] - expected[keyPath: field]) < 1e-12 * max(1, expected[keyPath: field])
            }
            #expect(found.residual == expected.residual && found.gateArgmax == expected.gateArgmax, "\(place)")
            let fields: [KeyPath<Evidence, Double>] = [
                \.probability, \.gateProbability, \.gateMaximum, \.entropy, \.favouriteProbability, \.variation,
                \.blockMass, \.keptMass, \.ratio, \.rejectMass,
            ]
            for field in fields { #expect(isClose(field), "\(place) \(field): \(found), \(expected)") }
            #expect(!found.isInTop, "\(place)")
        }
    }

    /// A pass feeds no more than it may, and where rows of a request are wanted they are all of one pass. No token is
    /// fed that is held.
    private func checkPasses(
        _ worker: Worker<PrefixModel>,
        budget: Int,
        wanted: [CacheID: [Int]],
        _ sequences: [Sequence]
    ) {
        var rows: [CacheID: [Int]] = [:]
        let passes = worker.model.passes.joined()
        for sequence in sequences {
            let fed = passes.reduce(0) { $1.cache == Int(sequence.id) ? $0 + $1.tokens : $0 }
            #expect(fed == sequence.fed, "sequence \(sequence.id)")
        }
        for pass in worker.model.passes {
            #expect(!pass.isEmpty && pass.reduce(0) { $0 + $1.tokens } <= budget, "\(pass)")
            #expect(Set(pass.map(\.cache)).count == pass.count, "\(pass)")
            for entry in pass where entry.outputs > 0 { rows[entry.cache, default: []].append(entry.outputs) }
        }
        #expect(rows == wanted)
    }

    // MARK: The table

    /// Every draft length and bonus, alone and beside another sequence, short prompts and such as take many passes; in
    /// the rounds behind the first some of the draft's tokens stand, and another token takes the next one's place.
    @Test(arguments: 0...4, [RuleSettings.Bonus.target, .rule])
    func everyRoundSaysWhatTheRowsSay(count: Int, bonus: RuleSettings.Bonus) throws {
        var random = SeededGenerator(seed: 81)
        for lengths in [[1], [3], [16], [17], [70], [3, 3], [3, 70], [70, 3], [61, 90], [40, 16]] {
            for standing in 0...count {
                var worker = Worker(model: PrefixModel(), maxBatchedTokens: 16)
                var sequences = lengths.enumerated().map { index, length in
                    Sequence(UInt64(index + 1), length: length, bonus: bonus, &random)
                }
                var wanted: [CacheID: [Int]] = [:]
                for next in [count, 4, (count + 2) % 5] {
                    let drafts = sequences.map { $0.draft(next, &random) }
                    let requests = sequences.indices.map { sequences[$0].request(drafts[$0]) }
                    for request in requests { worker.add(.verify(request)) }
                    let answers = answers(&worker)
                    #expect(answers.count == requests.count)
                    for index in sequences.indices {
                        let place = "\(lengths) \(next) drafted, \(standing) stand, sequence \(index)"
                        let said = try verified(answers, requests[index])
                        check(said, sequences[index], drafts[index], place)
                        wanted[index + 1, default: []].append(sequences[index].outputs(next))
                        commit(&sequences[index], drafts[index], said, standing: standing)
                    }
                }
                checkPasses(worker, budget: 16, wanted: wanted, sequences)
            }
        }
    }

    /// Some of the draft stand; behind them comes what the expert says.
    private func commit(
        _ sequence: inout Sequence,
        _ draft: [DraftedPosition],
        _ said: Verified,
        standing: Int
    ) {
        sequence.known = sequence.committed.count
        let standing = min(standing, draft.count)
        sequence.committed += draft.prefix(standing).map(\.token)
        if standing < draft.count {
            // In the place of a token that was fed and falls: never the same.
            let residual = said.evidence[standing].residual
            let other = (draft[standing].token + 1) % PrefixModel.vocabulary
            sequence.committed.append(residual == draft[standing].token ? other : residual)
        } else if let bonus = said.bonus {
            sequence.committed.append(bonus)
        }
    }

    // MARK: What a node holds

    /// The coordinator takes for known less than the node holds, and may have other tokens behind it: the answer is
    /// that of the text that was asked about.
    @Test(arguments: 0...4, [RuleSettings.Bonus.target, .rule])
    func aSequenceGoesOnFromAShorterPrefix(count: Int, bonus: RuleSettings.Bonus) throws {
        var random = SeededGenerator(seed: 82)
        for known in [1, 15, 16, 17, 39, 40, 41] {
            for length in [known, known + 1, 41, 43, 60] where length >= known && length > 0 {
                for isOther in [false, true] {
                    var worker = Worker(model: PrefixModel(), maxBatchedTokens: 16)
                    var sequence = Sequence(1, length: 41, bonus: bonus, &random)
                    let first = sequence.draft(4, &random)
                    worker.add(.verify(sequence.request(first)))
                    #expect(answers(&worker).count == 1)
                    let text = sequence.committed + first.map(\.token) + [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1]
                    sequence.committed = Array(text[..<length])
                    sequence.known = known
                    if isOther, length > known {
                        sequence.committed[known] = (sequence.committed[known] + 1) % PrefixModel.vocabulary
                    }
                    let draft = sequence.draft(count, &random)
                    let request = sequence.request(draft)
                    worker.add(.verify(request))
                    let place = "known \(known) of \(length)\(isOther ? ", others" : "")"
                    check(try verified(answers(&worker), request), sequence, draft, place)
                    let wanted = [1: [sequence.outputs(4), sequence.outputs(count)]]
                    checkPasses(worker, budget: 16, wanted: wanted, [sequence])
                }
            }
        }
    }

    /// Of a prefix that it does not hold a node says so, and what it has is good for the next request.
    @Test func aPrefixThatIsNotHeldIsMissing() throws {
        var random = SeededGenerator(seed: 83)
        var worker = Worker(model: PrefixModel(), maxBatchedTokens: 16)
        var sequence = Sequence(1, length: 20, bonus: .target, &random)
        worker.add(.verify(sequence.request([])))
        #expect(answers(&worker).count == 1)
        let held = sequence.committed
        // Longer than what it holds.
        sequence.committed += [1, 2, 3]
        sequence.known = 22
        var request = sequence.request([])
        worker.add(.verify(request))
        #expect(answers(&worker) == [.missing(Missing(fence: request.fence, length: 20, needsSpec: false))])
        // As long, and of other tokens.
        sequence.committed = held.map { ($0 + 1) % PrefixModel.vocabulary } + [1]
        sequence.known = 20
        request = sequence.request([])
        worker.add(.verify(request))
        #expect(answers(&worker) == [.missing(Missing(fence: request.fence, length: 0, needsSpec: false))])
        sequence.known = 0
        let draft = sequence.draft(3, &random)
        request = sequence.request(draft)
        worker.add(.verify(request))
        check(try verified(answers(&worker), request), sequence, draft, "sent as a whole")
    }

    /// A round that comes while the one before is at work takes its place: that one's answer would be stale.
    @Test(arguments: 0...3)
    func aNewRoundIsAnsweredAlone(passes: Int) throws {
        var random = SeededGenerator(seed: 84)
        var worker = Worker(model: PrefixModel(), maxBatchedTokens: 16)
        var sequence = Sequence(1, length: 60, bonus: .target, &random)
        worker.add(.verify(sequence.request(sequence.draft(4, &random))))
        for _ in 0..<passes { #expect(worker.runPass(at: Instant(nanoseconds: 0)).isEmpty) }
        sequence.committed += [1]
        let draft = sequence.draft(2, &random)
        let request = sequence.request(draft)
        worker.add(.verify(request))
        #expect(worker.pendingCount == 1)
        let answers = answers(&worker)
        #expect(answers.count == 1)
        check(try verified(answers, request), sequence, draft, "after \(passes) passes")
    }

    // MARK: Passes

    /// Whatever waits: many sequences that come at any time, of any length, drafted for or not.
    @Test(arguments: [5, 8, 16, 40])
    func passesKeepToTheirBudget(budget: Int) throws {
        var random = SeededGenerator(seed: UInt64(budget))
        for _ in 0..<20 {
            var worker = Worker(model: PrefixModel(), maxBatchedTokens: budget)
            var wanted: [CacheID: [Int]] = [:]
            var asked: [(request: Verify, sequence: Sequence)] = []
            var answers: [Message] = []
            for id in UInt64(1)...12 {
                let bonus = Bool.random(using: &random) ? RuleSettings.Bonus.target : .rule
                var sequence = Sequence(id, length: Int.random(in: 1...90, using: &random), bonus: bonus, &random)
                let draft = sequence.draft(Int.random(in: 0...4, using: &random), &random)
                let request = sequence.request(draft)
                worker.add(.verify(request))
                wanted[Int(id)] = [sequence.outputs(draft.count)]
                asked.append((request, sequence))
                for _ in 0..<Int.random(in: 0...3, using: &random) where !worker.isIdle {
                    answers += worker.runPass(at: Instant(nanoseconds: 0))
                }
            }
            answers += self.answers(&worker, limit: 1_000)
            #expect(answers.count == asked.count)
            checkPasses(worker, budget: budget, wanted: wanted, asked.map(\.sequence))
            for (request, sequence) in asked {
                let said = try verified(answers, request)
                check(said, sequence, request.draft, "\(request.fence)")
                // What it tells of its passes is what the model saw.
                let mine = worker.model.passes.filter { $0.contains { $0.cache == Int(sequence.id) } }
                #expect(Int(said.passes) == mine.count && said.milliseconds == Double(mine.count))
                #expect(Int(said.rows) == mine.joined().reduce(0) { $0 + $1.tokens })
            }
        }
    }
}
