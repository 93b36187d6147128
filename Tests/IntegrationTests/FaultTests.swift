import CascadeCore
import CascadeNode
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// Processes are killed in the middle of a round, seen on the wire; the answers stay those of the expert alone.
@Suite(.serialized) struct FaultTests {
    private static let expert = ClusterTests.expert
    private static let drafter = ClusterTests.drafter
    private static let prompt = "Once upon a time there was"
    private static let maxTokens = 200

    private func expected() async throws -> Generated {
        try await Generated.run(model: Self.expert, texts: [Self.prompt], maxTokens: Self.maxTokens)[0]
    }

    private var submission: [String] {
        [
            "submit", Self.prompt, "--raw", "--json", "--max-tokens", "\(Self.maxTokens)",
            "--num-speculative-tokens", "4", "--drafter-kind", "model",
        ]
    }

    @Test(.timeLimit(.minutes(2)))
    func killedDrafterInMidRound() async throws {
        let cluster = try TestCluster()
        let trigger = KillTrigger(at: 5) { if case .draft = $0 { true } else { false } }
        let tap = try WireTap(target: cluster.port) { _, message in
            trigger.see(message)
            return .forward
        }
        try cluster.start(.expert, model: Self.expert)
        trigger.arm(try cluster.start(.drafter, model: Self.drafter, through: tap))
        try await cluster.waitForReady(2)
        let answer = try Answer(await cluster.client(submission))
        #expect(trigger.hasFired)
        #expect(answer.tokens == (try await expected()).tokens)
        #expect(answer.speculative_decoding.num_spec_steps >= 4)
        #expect(answer.cascade.unruled_positions > 0, "rounds without a draft follow the drafter's death")
        // A new drafter: speculation resumes.
        try cluster.start(.drafter, model: Self.drafter)
        try await cluster.waitForReady(2)
        let second = try Answer(await cluster.client(submission))
        #expect(second.tokens == answer.tokens)
        #expect(second.speculative_decoding.num_accepted_draft_tokens > 0)
    }

    @Test(.timeLimit(.minutes(2)))
    func killedExpertInMidRound() async throws {
        let cluster = try TestCluster()
        let trigger = KillTrigger(at: 5) { if case .verify = $0 { true } else { false } }
        let tap = try WireTap(target: cluster.port) { _, message in
            trigger.see(message)
            return .forward
        }
        trigger.arm(try cluster.start(.expert, model: Self.expert, through: tap))
        try cluster.start(.drafter, model: Self.drafter)
        try await cluster.waitForReady(2)
        let client = try cluster.startClient(submission)
        try await waitUntil("the expert is killed in a round") { trigger.hasFired }
        try cluster.start(.expert, model: Self.expert)
        let answer = try Answer(await client.result())
        #expect(answer.tokens == (try await expected()).tokens)
        #expect(answer.speculative_decoding.num_accepted_draft_tokens > 0)
    }

    /// Replies that crossed to the coordinator: how many of each kind, and which requests they answer.
    private struct Replies {
        var drafted = 0
        var verified = 0
        var answered: Set<String> = []

        mutating func see(_ message: Message) {
            switch message {
            case .drafted(let drafted):
                self.drafted += 1
                answered.insert("drafted \(drafted.fence)")
            case .verified(let verified):
                self.verified += 1
                answered.insert("verified \(verified.fence)")
            default: break
            }
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func repeatedAndLateRepliesChangeNothing() async throws {
        let cluster = try TestCluster()
        let replies = Mutex(Replies())
        let tap = try WireTap(target: cluster.port) { direction, message in
            switch message {
            case .verified, .drafted:
                if direction == .toCoordinator { replies.withLock { $0.see(message) } }
                return .twice
            case .verify, .draft: return .twice
            default: return .forward
            }
        }
        try cluster.start(.expert, model: Self.expert, through: tap)
        try cluster.start(.drafter, model: Self.drafter, through: tap)
        try await cluster.waitForReady(2)
        let answer = try Answer(await cluster.client(submission))
        #expect(answer.tokens == (try await expected()).tokens)
        // Each came twice, and a request has one answer that counts: all others are dropped and counted.
        let seen = replies.withLock { $0 }
        #expect(seen.drafted > 10 && seen.verified > 10)
        let dropped = 2 * (seen.drafted + seen.verified) - seen.answered.count
        let client = try ClusterClient(endpoint: cluster.endpoint)
        try await waitUntil("\(dropped) replies are counted as stale") {
            try await client.request(.statusRequest(StatusRequest(requestID: 1)), seconds: 10) { message in
                if case .clusterStatus(let status) = message { status.staleMessages } else { nil }
            } >= UInt64(dropped)
        }
        await client.close()
    }

    @Test(.timeLimit(.minutes(2)))
    func killedCoordinatorIsNamedAndNodesComeBack() async throws {
        let cluster = try TestCluster()
        let trigger = KillTrigger(at: 3) { if case .verify = $0 { true } else { false } }
        let tap = try WireTap(target: cluster.port) { _, message in
            trigger.see(message)
            return .forward
        }
        let expert = try cluster.start(.expert, model: Self.expert, through: tap)
        let drafter = try cluster.start(.drafter, model: Self.drafter)
        try await cluster.waitForReady(2)
        trigger.arm(try cluster.coordinator)
        let client = try cluster.startClient(submission + ["--timeout", "20"])
        try await waitUntil("the coordinator is killed in a round") { trigger.hasFired }
        try await waitUntil("the client says so", seconds: 10) { client.errors.contains("does not answer") }
        try await waitUntil("the nodes say so", seconds: 10) {
            drafter.errors.contains("coordinator") && expert.errors.contains("joining again")
        }
        try cluster.restartCoordinator()
        try await cluster.waitForReady(2)
        // The job died with the coordinator, which keeps no journal: the client is told, not left hanging.
        let result = await client.result()
        #expect(result.code == 4)
        #expect(result.errors.contains("lost with an earlier coordinator"))
        let answer = try Answer(await cluster.client(submission))
        #expect(answer.tokens == (try await expected()).tokens)
    }

    @Test(.timeLimit(.minutes(2)))
    func interruptedClientCancelsItsJob() async throws {
        let cluster = try TestCluster()
        let started = Mutex(false)
        let tap = try WireTap(target: cluster.port) { _, message in
            if case .verified = message {
                started.withLock { $0 = true }
                // Slow enough that the interrupt comes in the middle.
                usleep(20_000)
            }
            return .forward
        }
        try cluster.start(.expert, model: Self.expert, through: tap)
        try await cluster.waitForReady(1)
        let client = try cluster.startClient(["submit", Self.prompt, "--raw", "--max-tokens", "400"])
        try await waitUntil("rounds are running") { started.withLock { $0 } }
        client.signal(SIGINT)
        let result = await client.result()
        #expect(result.code == 130)
        #expect(result.errors.contains("cancelled"))
        let status = try await cluster.client(["status", "--json"])
        #expect(status.output.contains("\"running_jobs\" : 0"))
    }
}
