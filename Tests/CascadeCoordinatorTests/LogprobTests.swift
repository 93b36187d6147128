import CascadeCore
import Testing

@testable import CascadeCoordinator

/// The expert's log probabilities of each token of an answer, as a job that asks is told.
struct LogprobTests {
    /// What a toy expert's row says of a token behind a prefix.
    private static func expected(_ token: Token, behind prefix: [Token], top count: Int) -> TokenLogprobs {
        let first = Toy.next(prefix)
        let place = (Int(token) - Int(first) + Toy.count) % Toy.count
        return TokenLogprobs(
            RankedLogprob(Toy.logprob(place: place), rank: UInt32(place + 1)),
            bytes: Array(Toy.vocabulary.bytes(of: token)),
            top: (0..<count).map { place in
                let other = Token((Int(first) + place) % Toy.count)
                let bytes = Array(Toy.vocabulary.bytes(of: other))
                return TokenLogprobs.Entry(TopLogprob(other, Toy.logprob(place: place)), bytes: bytes)
            }
        )
    }

    /// Checks that each token has what is said of it behind the tokens before it; those that a drafter alone answers
    /// for have nothing.
    static func check(_ deltas: [Delta], _ submit: Submit, _ report: JobReport, from offset: Int = 0) {
        let told = deltas.flatMap(\.explanations)
        let origins = deltas.flatMap(\.origins)
        #expect(told.count == report.tokens.count - offset)
        var prefix = Toy.tokens(submit.prompt) + report.tokens[..<offset]
        for (index, token) in report.tokens[offset...].enumerated() where index < told.count {
            let isUnjudged = submit.rule.rule.isSequential && origins[index] == .kept
            let all = expected(token, behind: prefix, top: Int(submit.logprobs ?? 0))
            #expect(told[index].logprobs == (isUnjudged ? nil : all), "token \(index)")
            prefix.append(token)
        }
    }

    private func run(
        _ rule: RuleSettings,
        logprobs: UInt32?,
        kind: DrafterKind = .model,
        maxTokens: UInt32 = 40,
        stop: String? = nil
    ) throws -> (submit: Submit, deltas: [Delta], report: JobReport) {
        var harness = Harness.pair()
        var submit = harness.submission("abcabcabc", maxTokens: maxTokens)
        submit.rule = rule
        submit.drafterKind = kind
        submit.logprobs = logprobs
        submit.stop = stop.map { [Array($0.utf8)] } ?? []
        let job = harness.submit(submit)
        harness.settle()
        return (submit, harness.deltas(job), try #require(harness.report(job)))
    }

    @Test(arguments: RuleSettings.Rule.allCases.filter { !$0.needsCoin }, RuleSettings.VerifyMethod.allCases)
    func everyTokenHasItsOwn(rule: RuleSettings.Rule, method: RuleSettings.VerifyMethod) throws {
        for (count, bonus) in [(UInt32(0), RuleSettings.Bonus.target), (3, .rule), (20, .target)] {
            let settings = RuleSettings(rule: rule, bonus: bonus, verifyMethod: method)
            let (submit, deltas, report) = try run(settings, logprobs: count)
            #expect(report.tokens.count == 40)
            Self.check(deltas, submit, report)
            // How they came to be is told to those who ask for that.
            #expect(deltas.flatMap(\.explanations).allSatisfy { $0.draft == nil })
        }
    }

    /// A token that stands although the expert alone would not have written it is seen by its rank.
    @Test func aRelaxedTokenIsSeen() throws {
        let (_, strict, _) = try run(RuleSettings(), logprobs: 0)
        #expect(strict.flatMap(\.explanations).allSatisfy { $0.logprobs?.token.rank == 1 })

        var harness = Harness.pair()
        harness.mute("expert")
        var submit = harness.submission("abcabcabc", maxTokens: 4)
        submit.logprobs = 2
        let job = harness.submit(submit)
        harness.settle()
        let verify = try #require(harness.heldVerify("expert"))
        var expert = harness.node("expert")
        guard case .verified(var verified) = expert.answer(.verify(verify)) else {
            Issue.record("the toy expert must answer")
            return
        }
        // The last drafted token is another than the expert's: here it stands as well.
        for index in verified.evidence.indices { verified.evidence[index].ratio = 1 }
        harness.feed(.verified(verified), from: expert.peer)
        let report = try #require(harness.report(job))
        #expect(report.tokens.dropLast() == verify.draft.map(\.token)[...])
        let deltas = harness.deltas(job)
        Self.check(deltas, submit, report)
        #expect(deltas.flatMap(\.explanations).map { $0.logprobs?.token.rank } == [1, 1, 2, 1])
    }

    @Test func theyAreTheSameWhateverWasDrafted() throws {
        let (_, drafted, _) = try run(RuleSettings(), logprobs: 4)
        for kind in [DrafterKind.lookup, .both] {
            let (submit, deltas, report) = try run(RuleSettings(), logprobs: 4, kind: kind)
            Self.check(deltas, submit, report)
            #expect(deltas.flatMap(\.explanations).map(\.logprobs) == drafted.flatMap(\.explanations).map(\.logprobs))
        }
    }

    @Test func bothAreToldWhereBothAreAskedFor() throws {
        let (submit, deltas, report) = try run(RuleSettings(explains: true), logprobs: 1)
        Self.check(deltas, submit, report)
        #expect(deltas.flatMap(\.explanations).contains { $0.draft != nil })
    }

    /// Wherever an answer ends, no more and no less is told than it has tokens.
    @Test(arguments: 1...12)
    func anAnswerThatIsCutIsToldAsFarAsItGoes(length: Int) throws {
        let whole = Toy.answer(prompt: Toy.tokens(Array("abcabcabc".utf8)), count: 40)
        let byLimit = try run(RuleSettings(), logprobs: 2, maxTokens: UInt32(length))
        #expect(byLimit.report.tokens.count == length)
        Self.check(byLimit.deltas, byLimit.submit, byLimit.report)
        let stop = String(decoding: Toy.text(Array(whole[length..<length + 3])), as: UTF8.self)
        let byStop = try run(RuleSettings(), logprobs: 2, stop: stop)
        #expect(byStop.report.reason == .stop && byStop.report.tokens.count <= length + 3)
        Self.check(byStop.deltas, byStop.submit, byStop.report)
    }

    /// A client that comes back gets the rest, also of a job that has ended; long parts come in pieces.
    @Test(arguments: [0, 7, 299])
    func aWatchGetsTheRest(offset: Int) throws {
        var harness = Harness.pair()
        var submit = harness.submission(maxTokens: 300)
        submit.logprobs = 5
        let submitted = harness.submit(submit)
        let job = try #require(submitted)
        harness.settle()
        let report = try #require(harness.report(job))
        Self.check(harness.deltas(job), submit, report)
        let other = PeerID([9])
        let watch = Watch(requestID: 5, job: job, tokenOffset: UInt32(offset), byteOffset: UInt32(offset))
        harness.feed(.watch(watch), from: other)
        let rest = harness.deltas(job, other)
        Self.check(rest, submit, report, from: offset)
        #expect(rest.count == (300 - offset + 127) / 128)
        #expect(rest.allSatisfy { $0.tokens.count <= 128 })
        #expect(rest.map { Int($0.tokenOffset) } == Array(stride(from: offset, to: 300, by: 128)))
        #expect(rest.allSatisfy { Int($0.byteOffset) == offset })
        #expect(rest.flatMap(\.text) == Array(report.text[offset...]))
    }

    /// An expert of a version that does not know of them: its tokens have none, and nobody waits.
    @Test func anEarlierExpertTellsNothing() throws {
        var harness = Harness()
        var expert = ToyNode("expert", .expert)
        expert.knowsLogprobs = false
        harness.join(expert)
        harness.join(ToyNode("drafter", .drafter))
        var submit = harness.submission("abc", maxTokens: 12)
        submit.logprobs = 5
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 12))
        let told = harness.deltas(job).flatMap(\.explanations)
        #expect(told.count == 12 && told.allSatisfy { $0.logprobs == nil })
    }

    /// Ways to spoil an honest verdict.
    enum Spoiling: CaseIterable {
        case unasked, fewer, more, noDrafted, draftedBehind, longTop, tokenOutside

        func apply(_ verified: inout Verified) {
            let last = verified.logprobs.count - 1
            switch self {
            case .unasked: break
            case .fewer: verified.logprobs.removeLast()
            case .more: verified.logprobs.append(verified.logprobs[0])
            case .noDrafted: verified.logprobs[0].drafted = nil
            case .draftedBehind: verified.logprobs[last].drafted = RankedLogprob(-1, rank: 1)
            case .longTop: verified.logprobs[0].top.append(TopLogprob(1, -1))
            case .tokenOutside: verified.logprobs[0].top[0].token = Token(Toy.count)
            }
        }
    }

    @Test(arguments: Spoiling.allCases)
    func whatDoesNotFitIsAFailureOfItsRequest(spoiling: Spoiling) throws {
        var harness = Harness.pair()
        harness.mute("expert")
        var submit = harness.submission("abc", maxTokens: 10)
        submit.logprobs = spoiling == .unasked ? nil : 2
        let job = harness.submit(submit)
        harness.settle()
        var verify = try #require(harness.heldVerify("expert"))
        try #require(!verify.draft.isEmpty)
        verify.spec?.logprobs = 2
        var expert = harness.node("expert")
        guard case .verified(var verified) = expert.answer(.verify(verify)) else {
            Issue.record("the toy expert must answer")
            return
        }
        spoiling.apply(&verified)
        harness.feed(.verified(verified), from: expert.peer)
        #expect(harness.machine.transitions[.requestInvalid] == 1)
        #expect(harness.machine.transitions[.roundCommitted] == 0)
        harness.join(ToyNode("honest", .expert))
        harness.wait(milliseconds: 4_000)
        #expect(harness.report(job)?.tokens == Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 10))
    }

    @Test func whatIsTooMuchIsRefusedInWords() throws {
        var harness = Harness.pair()
        var submit = harness.submission(maxTokens: 10)
        submit.logprobs = 21
        #expect(harness.submit(submit) == nil)
        #expect(try #require(harness.refusals().last).message.contains("at most 20 tokens"))
        submit.logprobs = 0
        submit.maxTokens = 2_049
        submit.requestID += 100
        #expect(harness.submit(submit) == nil)
        #expect(try #require(harness.refusals().last).message.contains("at most 2048 tokens"))
    }

    /// What they take of the room for ended jobs and for what waits for the disk is counted.
    @Test func whatIsKeptIsCounted() {
        var explanation = Explanation(round: 1, textBytes: 1, draft: nil)
        let bare = explanation.heldBytes
        let entry = TokenLogprobs.Entry(TopLogprob(1, -1), bytes: [1, 2, 3])
        explanation.logprobs = TokenLogprobs(RankedLogprob(-1, rank: 1), bytes: [9], top: [entry, entry])
        #expect(explanation.heldBytes == bare + 1 + 2 * (MemoryLayout<TokenLogprobs.Entry>.stride + 3))
    }

    /// Bytes of tokens are told as far as there is room, from the beginning.
    @Test func longTokensAreToldWithoutTheirBytes() {
        let pieces = [[1], [UInt8](repeating: 2, count: 600), [UInt8](repeating: 3, count: 600), [4]]
        let vocabulary = Vocabulary(pieces: pieces, endTokens: [], hash: Hash128(high: 0, low: 0))
        let row = RowLogprobs(
            drafted: nil,
            own: RankedLogprob(-1, rank: 1),
            top: [1, 2, 3].map { TopLogprob($0, -1) }
        )
        let told = TokenLogprobs(0, row.own, of: row, vocabulary)
        #expect(told.bytes == [1])
        #expect(told.top.map { $0.bytes?.count } == [600, nil, nil])
    }
}
