import CascadeCore
import Testing

@testable import CascadeCoordinator

/// What the coordinator makes of a node's word on its pace and of its own clock.
struct PaceTests {
    /// Milliseconds that every pass takes.
    private static let truth = 200.0

    /// What the coordinator believes of a pass of one row of an expert that says `said` before it is ready and `claimed` of
    /// each pass, behind a job of 12 rounds.
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
        let node = try #require(harness.machine.nodes.elements.first?.value)
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
}
