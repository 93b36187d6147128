import CascadeCore
import CascadeNode
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// Too much at once, and replies that come too late.
extension SurvivalTests {
    private func submit(_ number: Int, maxTokens: UInt32) -> Submit {
        .greedy(
            "Once upon a time there were \(number)",
            maxTokens: maxTokens,
            requestID: UInt64(number + 1),
            draftLength: 2,
            follow: false
        )
    }

    /// F28, F31: more jobs than may wait, which are cancelled all at once, some before they began and some after they
    /// have ended. Being full is no illness, and the others' answers stay right.
    @Test(.timeLimit(.minutes(3))) func overloadIsRefusedAndACancelStormIsSurvived() async throws {
        let cluster = try #require(SurvivalScope.current)
        let client = try ClusterClient(endpoint: cluster.endpoint)
        let before = try #require(ProcessSample(pid: try cluster.process(.coordinator).pid))
        let (total, atOnce) = (1_600, 48)
        var accepted: [JobID] = []
        var refused = 0
        func sendMore() {
            let next = accepted.count + refused
            guard next % atOnce == 0 else { return }
            for number in next..<min(next + atOnce, total) { client.send(.submit(submit(number, maxTokens: 150))) }
        }
        sendMore()
        for await event in client.events {
            guard case .message(let message) = event else { continue }
            switch message {
            case .accepted(let answer): accepted.append(answer.job)
            case .refused(let refusal):
                #expect(refusal.code == .overloaded && refusal.retryAfterMilliseconds > 0, "\(refusal.message)")
                refused += 1
            default: continue
            }
            if accepted.count + refused == total { break }
            sendMore()
        }
        #expect(accepted.count >= 1_024 && refused > 0, "\(accepted.count) accepted, \(refused) refused")
        for _ in 0..<6 {
            let health = try await cluster.client(["health"])
            #expect(health.code == 0, "busy is not ill: \(health.errors)")
            try await Task.sleep(for: .seconds(1))
        }
        let full = try #require(ProcessSample(pid: try cluster.process(.coordinator).pid))
        #expect(full.megabytes - before.megabytes < 100, "from \(before.megabytes) to \(full.megabytes) MB")
        var draws = SeededGenerator(seed: 3)
        for (number, job) in (accepted + accepted).shuffled(using: &draws).enumerated() {
            client.send(.cancel(Cancel(requestID: UInt64(10_000 + number), job: job)))
            // What waits to be sent is bounded.
            if number % atOnce == 0 { try await Task.sleep(for: .milliseconds(20)) }
        }
        try await waitUntil("all are gone", seconds: 60) {
            let status = try await cluster.status()
            return status.runningJobs == 0 && status.queuedJobs == 0
        }
        await client.close()
        let jobs = try await SurvivalJob.all()
        for job in jobs.prefix(2) { #expect(job.problem(of: try Answer(await cluster.client(job.command))) == nil) }
        let problems = try await cluster.audit()
        #expect(problems == [])
    }

    /// F19: the job is cancelled while an expert's word on it is under way.
    @Test(.timeLimit(.minutes(1))) func aReplyBehindACancelChangesNothing() async throws {
        let cluster = try #require(SurvivalScope.current)
        let stale = try await cluster.status().staleMessages
        let links = try Member.experts.map { try cluster.link(.member($0)) }
        for link in links { link.set(LineConditions(latency: .milliseconds(700)), .toServer) }
        defer { for link in links { link.set(SurvivalCluster.calm) } }
        let link = try cluster.link(.client(0))
        let told = link.bytes(.toClient)
        let client = try cluster.startClient(
            0,
            ["submit", "Once upon a time", "--raw", "--max-tokens", "150", "--num-speculative-tokens", "2"]
        )
        try await waitUntil("the answer is under way") { link.bytes(.toClient) - told > 200 && !client.output.isEmpty }
        client.signal(SIGINT)
        #expect(await client.result().code == 130)
        try await waitUntil("the reply has come, and was dropped", seconds: 20) {
            try await cluster.status().staleMessages > stale
        }
        for link in links { link.set(SurvivalCluster.calm) }
        let problems = try await cluster.audit()
        #expect(problems == [])
    }

    /// F20: an expert's word arrives when another process has its name.
    @Test(.timeLimit(.minutes(1))) func aReplyOfAnEarlierIncarnationChangesNothing() async throws {
        let cluster = try TestCluster()
        let link = try FaultProxy(target: cluster.port)
        defer { link.close() }
        link.set(SurvivalCluster.calm)
        let name = ["--node-id", "expert", "--threads", "1"]
        let first = try cluster.start(.expert, model: ClusterTests.expert, through: link, arguments: name)
        try await cluster.waitForReady(1)
        let said = link.bytes(.toServer)
        let jobs = try await SurvivalJob.all(prompts: [ClusterTests.prompts[0]])
        let job = try #require(jobs.first { $0.guarantee == .coupled })
        let client = try cluster.startClient(job.command + ["--timeout", "60"])
        try await waitUntil("rounds are running") { link.bytes(.toServer) - said > 400 }
        link.set(LineConditions(passage: .held), .toServer)
        // Long enough for a round to be answered and held.
        try await Task.sleep(for: .milliseconds(200))
        first.signal(SIGKILL)
        _ = await first.result()
        let second = try cluster.start(.expert, model: ClusterTests.expert, arguments: name)
        try await waitUntil("its successor is there", seconds: 20) { second.errors.contains(" ready") }
        link.heal()
        let answer = try Answer(await client.result())
        #expect(job.problem(of: answer) == nil)
        #expect(try await cluster.nodes().map(\.node_id) == ["expert"])
        let status = try await cluster.client(["status", "--json"])
        let stale = try JSONDecoder().decode(Status.self, from: Data(status.output.utf8)).stale_messages
        #expect(stale > 0)
    }

    private struct Status: Decodable {
        var stale_messages: Int
    }

    /// F32: nodes come and go, two hundred a minute.
    @Test(.timeLimit(.minutes(2))) func nodesComeAndGoAllTheTime() async throws {
        let cluster = try #require(SurvivalScope.current)
        let load = SurvivalLoad(cluster, jobs: try await SurvivalJob.all(), clients: SurvivalScope.clients, seed: 10)
        var joined = 0
        let outcome = try await load.during {
            var visitors: [CascadeProcess] = []
            for number in 0..<14 {
                let isExpert = number % 3 == 0
                let visitor = try cluster.startVisitor(isExpert ? .expert : .drafter, name: "visitor-\(number)")
                let end = ContinuousClock.now + .milliseconds(300)
                try await waitUntil("visitor \(number) has joined") { visitor.errors.contains(" joined") }
                joined += 1
                try await Task.sleep(until: end)
                if let last = visitors.last { last.signal(number % 2 == 1 ? SIGKILL : SIGTERM) }
                visitors.append(visitor)
            }
            visitors.last?.signal(SIGTERM)
            for visitor in visitors { _ = await visitor.result() }
        }
        #expect(joined == 14)
        #expect(outcome.problems.isEmpty, "\(outcome.problems)")
        #expect(outcome.count > 0)
        let problems = try await cluster.audit()
        #expect(problems == [])
    }
}
