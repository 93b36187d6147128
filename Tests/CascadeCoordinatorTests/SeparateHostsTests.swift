import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Drafter and expert on hosts of their own: while one half of the sequences is verified, the other half is drafted.
struct SeparateHostsTests {
    private static let expertCosts = [CostPoint(rows: 1, milliseconds: 20), CostPoint(rows: 64, milliseconds: 200)]
    private static let drafterCosts = [CostPoint(rows: 1, milliseconds: 5), CostPoint(rows: 8, milliseconds: 6)]

    /// An expert on host a, and a drafter.
    private static func cluster(drafterHost: String) -> Harness {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert, host: "a"), credits: 16, costs: expertCosts)
        harness.join(ToyNode("drafter", .drafter, host: drafterHost), credits: 16, costs: drafterCosts)
        return harness
    }

    /// Four jobs whose drafts are all there; how many of them the expert was sent.
    private static func verifies(drafterHost: String) -> (Harness, sent: Int) {
        var harness = cluster(drafterHost: drafterHost)
        harness.mute("expert")
        for index in 0..<4 { harness.submit(harness.submission("job \(index)", maxTokens: 40)) }
        harness.settle()
        return (harness, held(harness))
    }

    private static func held(_ harness: Harness) -> Int { harness.held.count { $0.message.isVerify } }

    @Test func oneHalfIsVerifiedWhileTheOtherIsDrafted() throws {
        var (harness, sent) = Self.verifies(drafterHost: "b")
        #expect(sent == 2)
        // An answer makes room for the other half, at once.
        let first = try #require(harness.held.firstIndex { $0.message.isVerify })
        let (message, peer) = harness.held.remove(at: first)
        let expert = try #require(harness.nodes.firstIndex { $0.peer == peer })
        if let answer = harness.nodes[expert].answer(message) { harness.feed(answer, from: peer) }
        #expect(Self.held(harness) == 3)
        // Nothing is ever kept back for good.
        harness.unmute("expert")
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 4)
    }

    @Test func onOneHostAllAreVerifiedTogether() {
        #expect(Self.verifies(drafterHost: "a").sent == 4)
    }

    /// On shared cores a draft that is ready waits for one that is being made, and goes with it; not for ever.
    @Test func onOneHostReadyDraftsWaitForOthers() throws {
        var harness = Self.cluster(drafterHost: "a")
        for name in ["expert", "drafter"] { harness.mute(name) }
        for index in 0..<3 { harness.submit(harness.submission("job \(index)", maxTokens: 40)) }
        let drafter = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        let drafts = harness.held.filter { $0.message.isDraft }
        #expect(drafts.count == 3)
        for (index, draft) in drafts.enumerated() {
            if let answer = harness.nodes[drafter].answer(draft.message) { harness.feed(answer, from: draft.to) }
            #expect(Self.held(harness) == (index < 2 ? 0 : 3), "\(index) drafts are there")
        }
    }

    @Test func aDraftThatDoesNotComeIsNotWaitedForWithoutEnd() throws {
        var harness = Self.cluster(drafterHost: "a")
        for name in ["expert", "drafter"] { harness.mute(name) }
        for index in 0..<2 { harness.submit(harness.submission("job \(index)", maxTokens: 40)) }
        let drafter = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        let draft = try #require(harness.held.first { $0.message.isDraft })
        if let answer = harness.nodes[drafter].answer(draft.message) { harness.feed(answer, from: draft.to) }
        #expect(Self.held(harness) == 0)
        harness.wait(milliseconds: 300)
        #expect(Self.held(harness) == 1)
    }

    /// Sequences without drafts are back as soon as they are answered: a draft waits for their present pass, not for
    /// ever.
    @Test func aDraftIsNotHeldBackByThoseThatDoNotDraft() throws {
        var harness = Self.cluster(drafterHost: "b")
        for name in ["expert", "drafter"] { harness.mute(name) }
        for index in 0..<4 {
            var submission = harness.submission("job \(index)", maxTokens: 40)
            if index < 3 { submission.draftLength = .fixed(0) }
            harness.submit(submission)
        }
        let drafter = try #require(harness.nodes.firstIndex { $0.hello.role == .drafter })
        let expert = try #require(harness.nodes.firstIndex { $0.hello.role == .expert })
        let draft = try #require(harness.held.first { $0.message.isDraft })
        if let answer = harness.nodes[drafter].answer(draft.message) { harness.feed(answer, from: draft.to) }
        #expect(Self.held(harness) == 3)
        for verify in harness.held.filter(\.message.isVerify) {
            if let answer = harness.nodes[expert].answer(verify.message) { harness.feed(answer, from: verify.to) }
        }
        let drafted = harness.held.contains { held in
            if case .verify(let verify) = held.message { return !verify.draft.isEmpty }
            return false
        }
        #expect(drafted)
    }

    /// Rounds that are drafted of a long adaptive job whose expert has another, short one at first; with `others`, a
    /// second expert has as many jobs that go on.
    private static func drafts(others: Bool) throws -> Int {
        // Two rows cost as much as one, more cost more: drafts pay for one sequence and not for two.
        let expert = [
            CostPoint(rows: 2, milliseconds: 20), CostPoint(rows: 3, milliseconds: 40),
            CostPoint(rows: 4, milliseconds: 60),
        ]
        var harness = Harness()
        for name in others ? ["first", "second"] : ["first"] {
            harness.join(ToyNode(name, .expert), credits: 16, costs: expert)
            harness.mute(name)
        }
        harness.join(ToyNode("drafter", .drafter), credits: 16, costs: [CostPoint(rows: 1, milliseconds: 1)])
        // In turn to the one and to the other expert.
        for maxTokens: UInt32 in others ? [60, 60, 2, 60] : [60, 2] {
            var submission = harness.submission("job", maxTokens: maxTokens)
            (submission.draftLength, submission.drafterKind) = (.adaptive, .model)
            harness.submit(submission)
        }
        harness.unmute("first")
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 2)
        return harness.node("drafter").received.count(where: \.isDraft)
    }

    /// An expert that has fewer sequences than others for a moment gets more soon: drafts that pay until then are not
    /// worth a prompt that a drafter has to read.
    @Test func aMomentaryGapStartsNoDrafts() throws {
        #expect(try Self.drafts(others: false) > 15)
        #expect(try Self.drafts(others: true) <= 4)
    }
}
