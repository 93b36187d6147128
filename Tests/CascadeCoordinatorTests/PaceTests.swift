import CascadeCore
import Testing

@testable import CascadeCoordinator

/// What the coordinator makes of a node's word on its pace and of its own clock.
struct PaceTests {
    /// Milliseconds that every pass takes.
    private static let truth = 200.0

    /// What the coordinator believes of a pass of one row of an expert that says `said` before it is ready and
    /// `claimed` of each pass, behind a job of 12 rounds.
    private func believed(said: Double, claimed: Double) throws -> Double {
        var limits = Harness.fixed
        limits.draftLength = .fixed(0)
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert), costs: [1, 16].map { CostPoint(rows: $0, milliseconds: said) })
        harness.mute("expert")
        let job = harness.submit(harness.submission("job", maxTokens: 12))
        while harness.report(job) == nil {
            let request = try #require(harness.held.first { $0.message.isVerify })
            harness.held.removeAll(where: \.message.isVerify)
            harness.now = harness.now.advanced(milliseconds: UInt64(Self.truth))
            guard case .verified(var verified)? = harness.nodes[0].answer(request.message) else { continue }
            (verified.passes, verified.rows, verified.milliseconds) = (1, 1, claimed)
            harness.feed(.verified(verified), from: request.to)
        }
        let node = try #require(harness.machine.nodes.values.first)
        return try #require(node.passCosts).milliseconds(rows: 1)
    }

    /// Whatever the curve, whatever the claims: nobody passes for much quicker than the clock says.
    @Test(arguments: [0.001, 1, 10, 60, 200, 2_000], [0, 1e-300, 0.001, 1, 19, 60, 200, 1e9])
    func noWordMakesANodeMuchQuicker(said: Double, claimed: Double) throws {
        let believed = try believed(said: said, claimed: claimed)
        #expect(believed >= Self.truth / (PaceWatch.tolerance + 0.1), "\(said) said, \(claimed) claimed: \(believed)")
    }

    /// One that was disturbed when it measured its curve is as quick as it says, where it is.
    @Test(arguments: [0.001, 60, 200, 600, 1_900])
    func anHonestNodeGetsItsDue(said: Double) throws {
        let believed = try believed(said: said, claimed: Self.truth)
        #expect(abs(believed - Self.truth) <= 10, "\(said) said: \(believed)")
    }

    /// Two requests wait for each other's work, which is the same when one of them is sent again, and more where its
    /// node lacks more than it was thought to.
    @Test func whatIsSentAgainIsCountedOnce() throws {
        var limits = Harness.fixed
        limits.draftLength = .fixed(0)
        var harness = Harness(limits: limits)
        let costs = [CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 4, milliseconds: 20)]
        harness.join(ToyNode("expert", .expert), costs: costs)
        harness.mute("expert")
        for prompt in ["a prompt", "another one"] { harness.submit(harness.submission(prompt, maxTokens: 12)) }
        try #require(harness.machine.requests.count == 2)
        let expert = harness.node("expert").peer
        let sum = harness.machine.requests[0].work + harness.machine.requests[1].work
        let request = harness.machine.requests[0]
        let missing = Missing(fence: request.fence, length: 0, needsSpec: true)
        for _ in 0..<3 { harness.feed(.missing(missing), from: expert) }
        #expect(harness.machine.transitions[.requestMissing] == 3)
        #expect(harness.machine.requests.map(\.workAround) == [sum, sum])
        // Its next round has one row, as long as the node has the rest.
        let verify = try #require(harness.held.last { $0.message.requestFence == request.fence }?.message)
        let answer = harness.nodes[0].answer(verify)
        harness.feed(try #require(answer), from: expert)
        try #require(harness.machine.requests.map(\.job) == [harness.machine.requests[0].job, request.job])
        let (other, next) = (harness.machine.requests[0], harness.machine.requests[1])
        #expect(next.work < request.work)
        harness.feed(.missing(Missing(fence: next.fence, length: 0, needsSpec: false)), from: expert)
        let again = harness.machine.requests[1].work
        #expect(again > next.work)
        #expect(harness.machine.requests[0].workAround == other.workAround + again - next.work)
        #expect(harness.machine.requests[1].workAround == other.work + again)
    }
}
