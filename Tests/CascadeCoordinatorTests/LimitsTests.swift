import CascadeCoordinator
import CascadeCore
import Testing

struct LimitsTests {
    @Test func theDefaultsAreSound() {
        #expect(CoordinatorLimits().problem == nil)
    }

    /// A limit that is not sound, and what the operator is told of it.
    struct Unsound: Sendable, CustomTestStringConvertible {
        let words: String
        let spoil: @Sendable (inout CoordinatorLimits) -> Void
        var testDescription: String { words }

        init(_ words: String, _ spoil: @escaping @Sendable (inout CoordinatorLimits) -> Void) {
            (self.words, self.spoil) = (words, spoil)
        }
    }

    @Test(arguments: [
        Unsound("draft tokens must be between 0 and 7, not 8") {
            $0.job.draftTokens = 7
            $0.draftLength = .fixed(8)
        },
        Unsound("unmeasured draft tokens must be between 0 and 7, not 8") {
            $0.job.draftTokens = 7
            $0.unmeasuredDraftTokens = 8
        },
        Unsound("stop strings must not be negative") { $0.job.stopStrings = -1 },
        Unsound("the reserve of a sequence must not be negative") { $0.reservedTokensPerSequence = -1 },
        Unsound("unused vocabularies must not be negative") { $0.unusedVocabularies = -1 },
        Unsound("prefill time per token must be at most one minute") { $0.prefillMillisecondsPerToken = 60_001 },
        Unsound("clients must be given at least two heartbeats before they are dropped") {
            $0.watchSilenceMilliseconds = 2 * $0.heartbeatMilliseconds - 1
        },
        Unsound("the queue must hold at least one prompt of the largest size") {
            $0.queuedBytes = $0.job.promptBytes - 1
        },
        Unsound("the queue must hold at least one prompt of the largest size") {
            $0.unreadBytesPerClient = $0.job.promptBytes - 1
        },
        Unsound("the default rule token-v3 is not among the allowed rules (lossless)") {
            $0.rules = RulePolicy(allowed: [], defaultRule: .tokenV3)
        },
    ])
    func unsoundLimitsAreNamed(_ unsound: Unsound) {
        var limits = CoordinatorLimits()
        unsound.spoil(&limits)
        #expect(limits.problem == unsound.words)
    }

    /// No count may be 0, whichever it is.
    @Test func everyCountIsLookedAt() {
        let counts: [WritableKeyPath<CoordinatorLimits, Int>] = [
            \.nodes, \.pools, \.credits, \.costPoints, \.nameBytes, \.tokenizerBytes, \.queuedJobs, \.queuedBytes,
            \.unreadBytesPerClient, \.maxNumSeqs, \.answerBytes, \.finishedJobs, \.finishedBytes, \.listedJobs,
            \.unjournaledRecords, \.heldBytes, \.watchersPerJob, \.watchers, \.draftSupport, \.failuresPerRound,
            \.missingPerRequest, \.poisonDeaths, \.deathsPerRound, \.job.promptBytes, \.job.answerTokens,
            \.job.stopBytes, \.job.draftTokens, \.job.explainedTokens, \.job.messages, \.job.textParts, \.job.toolCalls,
            \.job.nameBytes,
        ]
        for path in counts {
            for value in [0, -1] {
                var limits = CoordinatorLimits()
                limits[keyPath: path] = value
                #expect(limits.problem == "every limit must be at least 1", "\(path)")
            }
        }
    }

    /// No time may be none or longer than a day, whichever it is.
    @Test func everyTimeIsLookedAt() {
        let times: [WritableKeyPath<CoordinatorLimits, UInt64>] = [
            \.heartbeatMilliseconds, \.missedHeartbeats, \.poolMilliseconds, \.tokenizerMilliseconds,
            \.watchSilenceMilliseconds, \.draftSilenceMilliseconds, \.verifySilenceMilliseconds, \.hedgeMilliseconds,
            \.requestMilliseconds, \.stallMilliseconds, \.loadingMilliseconds, \.benchMilliseconds, \.restMilliseconds,
            \.longestRestMilliseconds,
        ]
        for path in times {
            for value in [0, 86_400_001, .max] as [UInt64] {
                var limits = CoordinatorLimits()
                limits[keyPath: path] = value
                #expect(limits.problem == "every time limit must be between 1 ms and one day", "\(path) \(value)")
            }
        }
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
