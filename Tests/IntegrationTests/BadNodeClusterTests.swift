import CascadeCore
import CascadeHost
import CascadeNode
import CascadeTransport
import Foundation
import Synchronization
import Testing

/// A hostile expert beside a real one, and a client that sends more text than anybody can read: others do not suffer.
@Suite(.serialized) struct BadNodeClusterTests {
    /// What a real expert says when it joins.
    private func joined(_ cluster: TestCluster) async throws -> Hello {
        let hello = Mutex<Hello?>(nil)
        let tap = try WireTap(target: cluster.port) { _, message in
            if case .hello(let said) = message { hello.withLock { $0 = said } }
            return .forward
        }
        try cluster.start(.expert, model: ClusterTests.expert, through: tap, arguments: ["--node-id", "honest"])
        try await cluster.waitForReady(1)
        return try #require(hello.withLock { $0 })
    }

    @Test(.timeLimit(.minutes(2)), arguments: [HostileExpert.Vice.nonsense, .hangsUp])
    func aHostileExpertFailsNoJob(vice: HostileExpert.Vice) async throws {
        let cluster = try TestCluster()
        let hostile = HostileExpert(endpoint: cluster.endpoint, like: try await joined(cluster), vice: vice)
        let expected = try await Generated.run(model: ClusterTests.expert, texts: ["Once upon a time"], maxTokens: 20)[
            0
        ]
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await hostile.run() }
            defer { hostile.stop() }
            try await cluster.waitForReady(2)
            var isNamed = false
            var jobs = 0
            while jobs < 8 || (!isNamed && jobs < 60) {
                jobs += 1
                let result = try await cluster.client([
                    "submit", "Once upon a time", "--raw", "--json", "--max-tokens", "20",
                ])
                #expect(result.code == 0, "\(result.errors)")
                #expect(try Answer(result).tokens == expected.tokens)
                let nodes = try await cluster.client(["nodes"])
                if nodes.output.contains("out of use"), nodes.output.contains("hostile is out of use, tried again in") {
                    isNamed = true
                }
            }
            #expect(isNamed)
            // Two jobs met it, and a few more as its trials.
            #expect((2...6).contains(hostile.asked), "asked \(hostile.asked) times by \(jobs) jobs")
            let json = try await cluster.client(["nodes", "--json"])
            #expect(json.output.contains("\"out_of_use\""))
        }
    }

    // MARK: Prompts

    /// A client sends 60 prompts of a megabyte at once; another one asks for the cluster's status and has a job done
    /// meanwhile.
    @Test(.timeLimit(.minutes(4)))
    func manyLongPromptsHoldNobodyUp() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try await cluster.waitForReady(1)
        let words = (0..<4_096).map { "word\($0 * 7_919 % 1_000)" }.joined(separator: " ")
        let prompt = String(repeating: words + "\n", count: 1_000_000 / (words.utf8.count + 1))
        let flooder = try ClusterClient(endpoint: cluster.endpoint)
        for requestID in 1...60 as ClosedRange<UInt64> {
            flooder.send(.submit(.greedy(prompt, maxTokens: 20, requestID: requestID)))
        }
        let client = try ClusterClient(endpoint: cluster.endpoint)
        var longest = 0.0
        let start = MonotonicClock.now()
        while MonotonicClock.now().milliseconds(since: start) < 3_000 {
            let asked = MonotonicClock.now()
            let request = Message.statusRequest(StatusRequest(requestID: 1))
            let status: ClusterStatus = try await client.request(request, seconds: 60) { message in
                if case .clusterStatus(let status) = message { status } else { nil }
            }
            #expect(status.experts == 1)
            longest = max(longest, MonotonicClock.now().milliseconds(since: asked))
        }
        // 38 s before; 100 ms where nothing else runs.
        print("the longest wait for a status is \(longest) ms")
        #expect(longest < 3_000)
        let job = MonotonicClock.now()
        var follower = AnswerFollower(client: client, submit: .greedy("Once upon", maxTokens: 8), patience: 60)
        let report = try await follower.run { _ in }
        #expect(report.error == nil && report.tokens.count == 8)
        print("a job takes \(MonotonicClock.now().milliseconds(since: job)) ms beside them")
        // Each is answered: as too long, or as more than this client's share.
        var (long, refused) = (0, 0)
        for await event in flooder.events {
            switch event {
            case .message(.finished(let finished)) where finished.report.error?.code == .contextExceeded: long += 1
            case .message(.refused(let refusal)) where refusal.code == .overloaded: refused += 1
            case .message(.finished(let finished)): Issue.record("\(finished.report)")
            default: break
            }
            if long + refused == 60 { break }
        }
        #expect(long >= 8 && refused > 0, "\(long) too long, \(refused) refused")
        await flooder.close()
        await client.close()
    }

    @Test(.timeLimit(.minutes(2)))
    func aTypoIsRefusedAndHealthStaysGreen() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try await cluster.waitForReady(1)
        let typo = try await cluster.client(["submit", "x", "--pool", "typo", "--detach"])
        #expect(typo.code == 0, "\(typo.errors)")
        // Who waits for it is told at once which pools there are.
        let waiting = try cluster.startClient(["submit", "x", "--pool", "typo"])
        try await waitUntil("the pools are named") {
            waiting.errors.contains("no node is in a pool named typo yet; there are: default")
        }
        waiting.signal(SIGTERM)
        // Longer than pending jobs may stand still.
        let start = MonotonicClock.now()
        while MonotonicClock.now().milliseconds(since: start) < 7_000 {
            let health = try await cluster.client(["health", "--roles", "expert"])
            #expect(health.code == 0, "\(health.errors)")
        }
        let jobs = try await cluster.client(["jobs"])
        #expect(jobs.output.contains("typo"))
    }
}
