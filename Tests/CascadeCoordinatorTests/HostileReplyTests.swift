import CascadeCoordinator
import CascadeCore
import Testing

/// What a node says is data: nonsense fails its request, and only that.
struct HostileReplyTests {
    private let expected = Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 10)

    /// Ways to spoil an honest verdict.
    enum Spoiling: CaseIterable {
        case noEvidence, moreEvidence, noBonus, bonusOutside, residualOutside, argmaxOutside, probabilityNaN
        case probabilityAboveOne, ratioInfinite, ratioNaN, ratioNegative, entropyHuge, keptMassNegative

        func apply(_ verified: inout Verified) {
            switch self {
            case .noEvidence: verified.evidence = []
            case .moreEvidence: verified.evidence += verified.evidence
            case .noBonus: verified.bonus = nil
            case .bonusOutside: verified.bonus = 27
            case .residualOutside: verified.evidence[0].residual = .max
            case .argmaxOutside: verified.evidence[0].gateArgmax = 27
            case .probabilityNaN: verified.evidence[0].probability = .nan
            case .probabilityAboveOne: verified.evidence[0].gateProbability = 2
            case .ratioInfinite: verified.evidence[0].ratio = .infinity
            case .ratioNaN: verified.evidence[0].ratio = .nan
            case .ratioNegative: verified.evidence[0].ratio = -1
            case .entropyHuge: verified.evidence[0].entropy = 1e300
            case .keptMassNegative: verified.evidence[0].keptMass = -1
            }
        }
    }

    @Test(arguments: Spoiling.allCases)
    func aSpoiltVerdictIsAFailureAndNoMore(spoiling: Spoiling) throws {
        var harness = Harness.pair()
        harness.mute("expert")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        let verify = try #require(harness.heldVerify("expert"))
        var expert = harness.node("expert")
        guard case .verified(var verified) = expert.answer(.verify(verify)) else {
            Issue.record("the toy expert must answer")
            return
        }
        spoiling.apply(&verified)
        harness.feed(.verified(verified), from: expert.peer)
        #expect(harness.machine.transitions[.requestInvalid] == 1)
        #expect(harness.machine.transitions[.roundCommitted] == 0)
        // The same round goes to an expert that is honest.
        harness.join(ToyNode("honest", .expert))
        harness.wait(milliseconds: 2000)
        harness.unmute("expert")
        harness.wait(milliseconds: 2000)
        #expect(harness.report(job)?.tokens == expected)
    }

    @Test func anExpertThatOnlyTalksNonsenseEndsTheJob() throws {
        var harness = Harness.pair()
        harness.mute("expert")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        let other = harness.submit(harness.submission("xyz", maxTokens: 3))
        harness.settle()
        let peer = harness.node("expert").peer
        for _ in 0..<600 where harness.report(job) == nil {
            harness.answerPings(of: "expert", milliseconds: 200)
            harness.watch(job)
            harness.watch(other)
            for item in harness.held {
                guard case .verify(let verify) = item.message, verify.fence.sequence.job == job else { continue }
                harness.feed(.verified(Verified(fence: verify.fence, evidence: [], bonus: 999)), from: peer)
            }
        }
        #expect(harness.report(job)?.error?.code == .nodeFailed)
        // Its neighbour is well.
        harness.unmute("expert")
        harness.settle()
        #expect(harness.report(other)?.tokens == Toy.answer(prompt: Toy.tokens(Array("xyz".utf8)), count: 3))
    }

    private func drafts(_ count: Int) -> [DraftedPosition] {
        (1...count).map {
            DraftedPosition(token: Token($0), row: .init(oneHot: Token($0)), gate: DraftGate(maximum: 1))
        }
    }

    @Test(arguments: 0..<6)
    func aSpoiltDraftMeansARoundWithout(kind: Int) throws {
        var harness = Harness.pair()
        harness.mute("drafter")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        let draft = try #require(harness.heldDraft("drafter"))
        var positions = drafts(4)
        switch kind {
        case 0: positions = drafts(5)
        case 1: positions[2] = DraftedPosition(token: 27, row: .init(oneHot: 27), gate: DraftGate(maximum: 1))
        case 2: positions[0].token = 9
        case 3: positions[1].gate.maximum = .nan
        case 4: positions[3].gate.maximum = 3
        default:
            let row = try #require(Distribution(tokens: Array(0..<65), weights: [Float](repeating: 1, count: 65)))
            positions[0].row = row
        }
        harness.feed(.drafted(Drafted(fence: draft.fence, positions: positions)), from: harness.node("drafter").peer)
        #expect(harness.machine.transitions[.requestInvalid] == 1)
        harness.settle()
        #expect(harness.report(job)?.tokens == expected)
        #expect(harness.report(job)?.counts.drafted == 0)
    }

    @Test func failedDraftsAreNotAskedForAtOnce() throws {
        var harness = Harness.pair()
        harness.mute("drafter")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        let draft = try #require(harness.heldDraft("drafter"))
        let failed = Failed(fence: draft.fence, code: .nodeFailed, message: "no memory")
        harness.feed(.failed(failed), from: harness.node("drafter").peer)
        harness.settle()
        #expect(harness.machine.transitions[.requestFailed] == 1)
        #expect(harness.report(job)?.tokens == expected)
        #expect(harness.held.filter(\.message.isDraft).count == 1)
    }

    @Test func messagesThatNobodySendsAreCounted() {
        var harness = Harness.pair()
        let messages: [Message] = [
            .welcome(Welcome(boot: 1, heartbeatMilliseconds: 1, wantsTokenizer: true)),
            .refused(Refused(code: .notReady, message: "")), .ping(Ping(boot: 1, number: 1)), .drain(Drain(boot: 1)),
            .jobList(JobList(requestID: 1, jobs: [])),
            .accepted(Accepted(requestID: 1, job: JobID(rawValue: 1), seed: 1, draftLength: .fixed(1))),
        ]
        for message in messages { #expect(harness.feed(message, from: Harness.client).isEmpty) }
        #expect(harness.machine.transitions[.messageUnexpected] == UInt64(messages.count))
    }

    @Test func lateAndOddPongsDoNoHarm() {
        var harness = Harness.pair()
        let expert = harness.node("expert").peer
        let most = Progress(passes: .max, pending: .max, kvTokensUsed: .max, busyMilliseconds: .max)
        harness.feed(.pong(Pong(boot: 77, number: .max, progress: most)), from: expert)
        let least = Progress(passes: 0, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
        harness.feed(.pong(Pong(boot: 77, number: 0, progress: least)), from: expert)
        harness.feed(.pong(Pong(boot: 78, number: 0, progress: least)), from: expert)
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.settle()
        #expect(harness.report(job)?.tokens == expected)
    }
}
