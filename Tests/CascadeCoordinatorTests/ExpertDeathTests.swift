import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// Jobs at whose side experts die are set aside at the third death in their lives, and those that only were there with
/// them are not (decisions.md 26).
struct ExpertDeathTests {
    /// The expert dies while it is asked, and comes back.
    private static func killExpert(_ harness: inout Harness, incarnation: UInt64, comesBackAs: UInt64? = nil) {
        let old = harness.node("expert")
        harness.now = harness.now.advanced(milliseconds: 10)
        harness.feed(.peerLost(old.peer))
        harness.nodes.removeAll { $0.peer == old.peer }
        harness.held.removeAll()
        let peer = "expert, for the \(incarnation). time"
        harness.join(old.reborn(incarnation: comesBackAs ?? incarnation, peer: peer))
    }

    /// Lets a job make some rounds, and its expert die in the next one.
    private static func killInRound(_ life: inout CoordinatorLife, incarnation: UInt64, comesBackAs: UInt64? = nil) {
        for _ in 0..<2 {
            life.harness.settle(steps: 1)
            life.sync()
        }
        life.harness.mute("expert")
        #expect(life.harness.heldVerify("expert") != nil)
        killExpert(&life.harness, incarnation: incarnation, comesBackAs: comesBackAs)
        life.sync()
    }

    /// Over the whole life of a job, whatever coordinator is there.
    @Test(arguments: [false, true]) func threeDeathsOfExpertsSetAside(restarts: Bool) throws {
        var life = CoordinatorLife()
        life.join()
        let job = life.submit("once upon", maxTokens: 60)
        for death in 0..<3 {
            #expect(life.ended(job) == nil)
            Self.killInRound(&life, incarnation: UInt64(death) + 2)
            guard restarts, death < 2 else { continue }
            life.begin(behind: .stop)
            life.join(incarnation: UInt64(death) + 2)
            life.sync()
        }
        let report = try #require(life.ended(job))
        let error = try #require(report.error)
        #expect(error.code == .setAside)
        #expect(error.message.hasPrefix("set aside: expert expert died 3 times while working on the job; "))
        #expect(!report.tokens.isEmpty)
    }

    /// A process that comes back was only cut off.
    @Test func aNodeThatWasCutOffDidNotDie() throws {
        var life = CoordinatorLife()
        life.join()
        let job = life.submit("once upon", maxTokens: 80)
        for time in 0..<5 { Self.killInRound(&life, incarnation: UInt64(time) + 2, comesBackAs: 1) }
        #expect(life.harness.machine.jobs[job]?.expertDeaths == [])
        life.finish()
        #expect(life.ended(job)?.reason == .length)
    }

    /// An operator who kills an expert four times with many jobs in flight loses few of them.
    @Test func killingAnExpertSetsFewAside() {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert), credits: 16)
        harness.mute("expert")
        let jobs = (0..<8).compactMap { harness.submit(harness.submission("job \($0)", maxTokens: 30)) }
        #expect(harness.held.count(where: \.message.isVerify) == 8)
        for death in 2..<6 {
            Self.killExpert(&harness, incarnation: UInt64(death))
            harness.mute("expert")
            #expect(harness.machine.brokenInvariant == nil)
            #expect(harness.held.count(where: \.message.isVerify) == 1, "they are verified one at a time")
        }
        harness.unmute("expert")
        harness.settle()
        harness.wait(milliseconds: 5_000)
        let codes = jobs.compactMap { harness.machine.finished[$0]?.report.error?.code }
        #expect(codes.allSatisfy { $0 == .setAside } && codes.count <= 2, "\(codes)")
        #expect(harness.machine.finished.jobs.count == 8)
    }

    /// One that kills every expert that works on it takes nobody with it, though all of them are in flight with it.
    @Test(arguments: [1, 2, 3]) func aJobThatKillsExpertsIsFound(experts: Int) throws {
        var harness = Harness()
        for index in 0..<experts { harness.join(ToyNode("expert \(index)", .expert), credits: 16) }
        for index in 0..<experts { harness.mute("expert \(index)") }
        let jobs = (0..<6).compactMap { harness.submit(harness.submission("job \($0)", maxTokens: 30)) }
        let poison = jobs[3]
        for index in 0..<experts { harness.unmute("expert \(index)") }
        var incarnation: UInt64 = 2
        for _ in 0..<2_000 {
            if let node = harness.nextNode(askedFor: poison) {
                let old = harness.node(node)
                harness.now = harness.now.advanced(milliseconds: 10)
                harness.feed(.peerLost(old.peer))
                harness.nodes.removeAll { $0.peer == old.peer }
                harness.join(old.reborn(incarnation: incarnation, peer: "\(node) \(incarnation)"), credits: 16)
                incarnation += 1
            }
            harness.deliver()
            if harness.machine.jobs.count == 0 { break }
            if harness.nothingIsSent { harness.wait(milliseconds: 100, settling: false) }
        }
        for job in jobs {
            let report = try #require(harness.machine.finished[job]?.report)
            #expect((report.error != nil) == (job == poison), "\(report.error?.message ?? "")")
        }
        #expect(incarnation <= 5)
    }
}
