import CascadeCoordinator
import CascadeCore
import Testing

struct LimitsTests {
    @Test func theDefaultsAreSound() {
        #expect(CoordinatorLimits().problem == nil)
    }

    @Test(arguments: 0..<8)
    func unsoundLimitsAreNamed(field: Int) {
        var limits = CoordinatorLimits()
        switch field {
        case 0: limits.nodes = 0
        case 1: limits.heartbeatMilliseconds = 0
        case 2: limits.requestMilliseconds = .max
        case 3: limits.draftLength = .fixed(UInt32(limits.job.draftTokens + 1))
        case 4: limits.job.stopStrings = -1
        case 5: limits.watchSilenceMilliseconds = limits.heartbeatMilliseconds
        case 6: limits.queuedBytes = limits.job.promptBytes - 1
        default: limits.prefillMillisecondsPerToken = .max
        }
        #expect(limits.problem != nil)
    }

    @Test func creditsAreNeverExceeded() {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert), credits: 3)
        harness.join(ToyNode("drafter", .drafter), credits: 2)
        harness.mute("expert")
        harness.mute("drafter")
        for _ in 0..<10 { harness.submit(harness.submission("abc", maxTokens: 10)) }
        #expect(harness.machine.gauges.nodes.map(\.inFlight) == [3, 2])
        #expect(harness.held.filter(\.message.isDraft).count == 2)
        #expect(harness.held.filter(\.message.isVerify).count == 3)
        harness.unmute("drafter")
        harness.unmute("expert")
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 10)
    }

    /// I21: with one credit and many sequences, each takes its turn.
    @Test func turnsAreFair() {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert), credits: 1)
        let jobs = (0..<6).map { _ in harness.submit(harness.submission("abc", maxTokens: 20)) }
        for _ in 0..<60 { harness.deliver() }
        let counts = jobs.map { job in harness.deltas(job).reduce(0) { $0 + $1.tokens.count } }
        #expect(counts.allSatisfy { (8...12).contains($0) }, "\(counts)")
    }

    @Test func aSequenceThatLostItsExpertComesBeforeNewJobs() {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert, kvTokens: 40))
        harness.mute("expert")
        let long = harness.submit(harness.submission("abc", maxTokens: 30))
        let short = harness.submit(harness.submission("abc", maxTokens: 20))
        harness.feed(.peerLost(harness.node("expert").peer))
        // Room for the short job, not for the long one that was begun.
        harness.join(ToyNode("small", .expert, kvTokens: 25))
        harness.settle()
        #expect(harness.report(short) == nil)
        harness.join(ToyNode("large", .expert, kvTokens: 40))
        harness.settle()
        #expect(harness.report(long)?.tokens.count == 30)
        #expect(harness.report(short)?.tokens.count == 20)
    }

    @Test func aClientThatIsSentDeltasNeedSayNothing() {
        var limits = Harness.fixed
        limits.watchSilenceMilliseconds = 2000
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert))
        harness.mute("expert")
        let job = harness.submit(harness.submission("abc", maxTokens: 30))
        // One token a second, for half a minute.
        for _ in 0..<30 {
            harness.answerPings(of: "expert", milliseconds: 1000)
            guard let verify = harness.heldVerify("expert") else { break }
            let expert = harness.nodes.firstIndex { $0.hello.identity.name == "expert" }!
            harness.held = []
            if let reply = harness.nodes[expert].answer(.verify(verify)) {
                harness.feed(reply, from: harness.nodes[expert].peer)
            }
        }
        #expect(harness.report(job)?.tokens.count == 30)
        #expect(harness.machine.transitions[.watcherDropped] == 0)
    }
}
