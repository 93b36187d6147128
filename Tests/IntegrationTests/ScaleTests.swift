import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// Many nodes, several pools, nodes that come and go: answers stay those of the expert alone.
@Suite(.serialized) struct ScaleTests {
    private static let expert = ClusterTests.expert
    private static let drafter = ClusterTests.drafter
    private static let prompts = ClusterTests.prompts
    private static let maxTokens = 200

    private static func submission(_ prompt: String, _ more: [String] = []) -> [String] {
        ["submit", prompt, "--raw", "--json", "--max-tokens", "\(maxTokens)", "--drafter-kind", "model"] + more
    }

    private func expected(_ texts: [String] = prompts) async throws -> [Generated] {
        try await Generated.run(model: Self.expert, texts: texts, maxTokens: Self.maxTokens)
    }

    /// The drain is asked for while a round that was seen on the wire is at the node.
    @Test(.timeLimit(.minutes(3)))
    func aDrainedExpertLosesNoToken() async throws {
        let cluster = try TestCluster()
        let rounds = Mutex(0)
        let answered = Mutex((isDraining: false, verifiesSince: 0))
        let tap = try WireTap(target: cluster.port) { _, message in
            switch message {
            case .verify:
                rounds.withLock { $0 += 1 }
                answered.withLock { if $0.isDraining { $0.verifiesSince += 1 } }
            case .drain: answered.withLock { $0.isDraining = true }
            default: break
            }
            return .forward
        }
        let drained = try cluster.start(
            .expert,
            model: Self.expert,
            through: tap,
            arguments: ["--node-id", "first"]
        )
        try cluster.start(.drafter, model: Self.drafter)
        try await cluster.waitForReady(2)
        let client = try cluster.startClient(Self.submission(Self.prompts[0], ["--num-speculative-tokens", "1"]))
        try await waitUntil("rounds run at the first expert") { rounds.withLock { $0 } >= 5 }
        try cluster.start(.expert, model: Self.expert, arguments: ["--node-id", "second"])
        try await cluster.waitForReady(3)
        let drain = try await cluster.client(["nodes", "drain", "first"])
        #expect(drain.code == 0, "\(drain.errors)")
        #expect(drain.errors.contains("first has left"))
        let left = await drained.result()
        #expect(left.code == 0, "\(left.errors)")
        #expect(try await cluster.nodes().map(\.node_id).contains("first") == false)
        // What it had was answered; nothing new came.
        #expect(answered.withLock { $0.verifiesSince } == 0)
        let answer = try Answer(await client.result())
        #expect(answer.tokens == (try await expected([Self.prompts[0]]))[0].tokens)
        let unknown = try await cluster.client(["nodes", "drain", "first"])
        #expect(unknown.code == 4 && unknown.errors.contains("there are: "), "\(unknown.errors)")
    }

    /// Two pools with models of their own in one cluster, two nodes of each role in one of them.
    @Test(.timeLimit(.minutes(3)))
    func severalPoolsInOneCluster() async throws {
        let cluster = try TestCluster()
        let other = Fixtures.modelPath("tiny-qwen2.f16")
        for name in ["a", "b"] {
            // Room for one sequence: which expert a job goes to must not hang on how fast a busy machine let it seem.
            let arguments = ["--node-id", "expert-\(name)", "--kv-tokens", "400"]
            try cluster.start(.expert, model: Self.expert, arguments: arguments)
            try cluster.start(.drafter, model: Self.drafter, arguments: ["--node-id", "drafter-\(name)"])
        }
        try cluster.start(.expert, model: other, arguments: ["--pool", "qwen"])
        try cluster.start(.drafter, model: other, arguments: ["--pool", "qwen"])
        try await cluster.waitForReady(6)
        let llama = try await expected()
        let qwen = try await Generated.run(model: other, texts: Self.prompts, maxTokens: Self.maxTokens)
        let answers = try await withThrowingTaskGroup(of: (String, Int, Answer).self) { group in
            for (pool, copies) in [("default", 2), ("qwen", 1)] {
                for index in Self.prompts.indices {
                    for _ in 0..<copies {
                        group.addTask {
                            let submission = Self.submission(Self.prompts[index], ["--pool", pool])
                            return (pool, index, try Answer(await cluster.client(submission)))
                        }
                    }
                }
            }
            var answers: [(String, Int, Answer)] = []
            for try await answer in group { answers.append(answer) }
            return answers
        }
        #expect(answers.count == 3 * Self.prompts.count)
        for (pool, index, answer) in answers {
            #expect(answer.tokens == (pool == "qwen" ? qwen : llama)[index].tokens, "\(pool), prompt \(index)")
        }
        // Ten jobs of one pool were spread over both of its experts.
        let nodes = try JSONDecoder().decode(
            [Work].self,
            from: Data(try await cluster.client(["nodes", "--json"]).output.utf8)
        )
        for name in ["expert-a", "expert-b"] {
            #expect(nodes.first { $0.node_id == name }.map { $0.passes > 20 } == true, "\(nodes)")
        }
    }

    private struct Work: Decodable {
        var node_id: String
        var passes: UInt64
    }

    /// Nodes of both roles come, are killed and are drained while jobs run.
    @Test(.timeLimit(.minutes(4)))
    func nodesComeAndGoWhileJobsRun() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: Self.expert, arguments: ["--node-id", "expert-0"])
        try cluster.start(.drafter, model: Self.drafter, arguments: ["--node-id", "drafter-0"])
        try await cluster.waitForReady(2)
        let reference = try await expected()
        let isOver = Mutex(false)
        let changes = Task {
            var seen = 0
            for turn in 1... {
                if isOver.withLock({ $0 }) { return seen }
                let (expert, drafter) = ("expert-\(turn)", "drafter-\(turn)")
                let process = try cluster.start(.expert, model: Self.expert, arguments: ["--node-id", expert])
                try cluster.start(.drafter, model: Self.drafter, arguments: ["--node-id", drafter])
                try await cluster.waitForReady(4)
                if turn % 2 == 0 {
                    process.signal(SIGKILL)
                } else {
                    _ = try await cluster.client(["nodes", "drain", expert])
                }
                _ = try await cluster.client(["nodes", "drain", drafter])
                try await waitUntil("the visitors are gone") { try await cluster.nodes().count == 2 }
                seen += 1
            }
            return seen
        }
        for round in 0..<3 {
            try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
                for index in Self.prompts.indices {
                    group.addTask { (index, try Answer(await cluster.client(Self.submission(Self.prompts[index])))) }
                }
                for try await (index, answer) in group {
                    #expect(answer.tokens == reference[index].tokens, "round \(round), prompt \(index)")
                }
            }
        }
        // At least two visits, whatever the jobs took.
        try await Task.sleep(for: .seconds(4))
        let last = try Answer(await cluster.client(Self.submission(Self.prompts[0])))
        #expect(last.tokens == reference[0].tokens)
        isOver.withLock { $0 = true }
        let visits = try await changes.value
        #expect(visits >= 2)
    }
}
