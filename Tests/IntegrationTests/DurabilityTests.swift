import CascadeCoordinator
import CascadeCore
import CascadeNode
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// What is acknowledged is on disk, and what is on disk is done, once (I8, I9; F2, F25 to F27).
@Suite(.serialized) struct DurabilityTests {
    private static let expert = ClusterTests.expert
    private static let drafter = ClusterTests.drafter
    private static let prompt = ClusterTests.prompts[4]
    private static let maxTokens = 200

    /// A folder of its own for each test, gone with it.
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory.appending(path: "cascade-durability-\(UUID().uuidString)")
            .path
        var store: String { path + "/jobs.sqlite" }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func submission(_ prompt: String = prompt, maxTokens: Int = maxTokens) -> [String] {
        [
            "submit", prompt, "--raw", "--json", "--max-tokens", "\(maxTokens)", "--num-speculative-tokens", "4",
            "--timeout", "60",
        ]
    }

    private static func expected(_ prompt: String = prompt, maxTokens: Int = maxTokens) async throws -> [UInt32] {
        try await Generated.run(model: expert, texts: [prompt], maxTokens: maxTokens)[0].tokens
    }

    /// Submits so many jobs of one token and waits for them, or until the coordinator is gone.
    private static func submit(_ count: Int, to cluster: TestCluster) async throws {
        let client = try ClusterClient(endpoint: cluster.endpoint)
        for _ in 0..<count { client.send(.submit(.greedy(prompt, maxTokens: 1))) }
        var finished = 0
        for await event in client.events {
            if case .message(.finished) = event { finished += 1 }
            if try finished == count || cluster.coordinator.isDone { break }
        }
        await client.close()
    }

    /// Submits a job that nobody follows.
    private static func accept(_ submit: Submit, by cluster: TestCluster) async throws -> Accepted {
        var submit = submit
        submit.follow = false
        let client = try ClusterClient(endpoint: cluster.endpoint)
        let accepted = try await client.request(.submit(submit), seconds: 20) { message in
            if case .accepted(let accepted) = message { accepted } else { nil }
        }
        await client.close()
        return accepted
    }

    /// Submits a job, perhaps once more, and follows it to its end.
    private static func follow(
        _ cluster: TestCluster,
        _ submit: Submit,
        patience: Double = 60
    ) async throws -> JobReport {
        let client = try ClusterClient(endpoint: cluster.endpoint)
        var follower = AnswerFollower(client: client, submit: submit, patience: patience)
        let report = try await follower.run { _ in }
        await client.close()
        return report
    }

    private static func joinPair(_ cluster: TestCluster) async throws {
        try cluster.start(.expert, model: expert)
        try cluster.start(.drafter, model: drafter)
        try await cluster.waitForReady(2)
    }

    /// The jobs that the coordinator knows.
    private static func jobs(_ cluster: TestCluster, limit: UInt32 = 100) async throws -> [JobSummary] {
        let client = try ClusterClient(endpoint: cluster.endpoint)
        let jobs = try await client.request(.jobsRequest(JobsRequest(requestID: 1, limit: limit)), seconds: 20) {
            message in
            if case .jobList(let list) = message { list.jobs } else { nil }
        }
        await client.close()
        return jobs
    }

    // MARK: Killed

    /// The coordinator dies and is started again; the answer is the same, and there is one job.
    private static func expectAnswer(_ client: CascadeProcess, of cluster: TestCluster) async throws {
        #expect(await (try cluster.coordinator).result().code == -SIGKILL)
        #expect(!client.isDone)
        try cluster.restartCoordinator()
        let answer = try Answer(await client.result())
        #expect(answer.tokens == (try await expected()))
        #expect(try await jobs(cluster).map(\.job.description) == [answer.job_id])
    }

    /// F2: dies exactly there; the answer is the same, and there is one job.
    @Test(
        .timeLimit(.minutes(2)),
        arguments: ["accept/sync:1", "accept/ack:1", "commit/sync:3", "commit/stream:3", "finish/stream:1"]
    )
    func killedAt(_ point: String) async throws {
        let folder = Folder()
        let cluster = try TestCluster(
            coordinator: ["--store", folder.store],
            environment: ["CASCADE_FAILPOINTS": point]
        )
        try await Self.joinPair(cluster)
        let client = try cluster.startClient(Self.submission())
        try await Self.expectAnswer(client, of: cluster)
    }

    /// F2: a record is written, and the process dies in the sync. The next one may find it or not: nobody was told.
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(if: SystemCalls.isWanted, Comment(rawValue: SystemCalls.want)),
        arguments: [3, 4, 5, 8]
    )
    func killedInASync(_ count: Int) async throws {
        let folder = Folder()
        let cluster = try TestCluster(
            coordinator: ["--store", folder.store],
            launcher: SystemCalls.injecting("fdatasync:signal=SIGKILL:when=\(count)", path: folder.store + "-wal")
        )
        let client = try cluster.startClient(Self.submission())
        try cluster.start(.expert, model: Self.expert)
        try cluster.start(.drafter, model: Self.drafter)
        try await Self.expectAnswer(client, of: cluster)
    }

    /// F2: killed while it forgets its oldest job. All others can be asked for, and the next one forgets it.
    @Test(.timeLimit(.minutes(3))) func killedWhileItForgets() async throws {
        let folder = Folder()
        let kept = CoordinatorLimits().finishedJobs
        let cluster = try TestCluster(
            coordinator: ["--store", folder.store],
            environment: ["CASCADE_FAILPOINTS": "prune:1"]
        )
        try await Self.joinPair(cluster)
        // More than may be forgotten with one stroke.
        let submits = (0..<100).map { _ in Submit.greedy(Self.prompt, maxTokens: 1) }
        var reports: [JobReport] = []
        for submit in submits { reports.append(try await Self.follow(cluster, submit)) }
        while !(try cluster.coordinator).isDone { try await Self.submit(64, to: cluster) }
        #expect(await (try cluster.coordinator).result().code == -SIGKILL)
        try cluster.restartCoordinator()
        try await cluster.waitForReady(2)
        #expect(try await Self.follow(cluster, submits[99]) == reports[99])
        #expect(try await Self.follow(cluster, submits[0]).job != reports[0].job)
        #expect(try await Self.jobs(cluster, limit: 2_000).count <= kept)
    }

    /// F2: killed before the store's log is emptied.
    @Test(.timeLimit(.minutes(3))) func killedBeforeACheckpoint() async throws {
        let folder = Folder()
        try await Self.expectEndsKept(
            try TestCluster(
                coordinator: ["--store", folder.store],
                environment: ["CASCADE_FAILPOINTS": "checkpoint:1"]
            )
        )
    }

    /// F2: killed in the middle of emptying it.
    @Test(
        .timeLimit(.minutes(3)),
        .enabled(if: SystemCalls.isWanted, Comment(rawValue: SystemCalls.want))
    )
    func killedInACheckpoint() async throws {
        let folder = Folder()
        // The file itself is synced when it is made, at the start, and then by checkpoints alone.
        try await Self.expectEndsKept(
            try TestCluster(
                coordinator: ["--store", folder.store],
                launcher: SystemCalls.injecting("fdatasync:signal=SIGKILL:when=3", path: folder.store)
            )
        )
    }

    /// Jobs end until the coordinator is killed. All that had ended can be asked for.
    private static func expectEndsKept(_ cluster: TestCluster) async throws {
        try await Self.joinPair(cluster)
        let submits = (0..<100).map { _ in Submit.greedy(Self.prompt, maxTokens: 1) }
        var reports: [JobReport] = []
        for submit in submits where !(try cluster.coordinator).isDone {
            guard let report = try? await Self.follow(cluster, submit, patience: 3) else { break }
            reports.append(report)
        }
        while !(try cluster.coordinator).isDone { try await Self.submit(16, to: cluster) }
        #expect(await (try cluster.coordinator).result().code == -SIGKILL)
        #expect(reports.count > 20)
        try cluster.restartCoordinator()
        try await cluster.waitForReady(2)
        for (submit, report) in zip(submits, reports) { #expect(try await Self.follow(cluster, submit) == report) }
    }

    /// A job is pending, nobody follows it, and its coordinator is asked to end and started again.
    @Test(.timeLimit(.minutes(2))) func aRestartLosesNothing() async throws {
        let folder = Folder()
        let cluster = try TestCluster(coordinator: ["--store", folder.store])
        // No expert: it waits.
        let submit = Submit.greedy(Self.prompt, maxTokens: UInt32(Self.maxTokens))
        let accepted = try await Self.accept(submit, by: cluster)
        (try cluster.coordinator).signal(SIGTERM)
        let end = await (try cluster.coordinator).result()
        #expect(end.code == 0 && end.errors.contains("pending jobs stay in the journal"), "\(end.errors)")
        try cluster.restartCoordinator()
        try await Self.joinPair(cluster)
        let report = try await Self.follow(cluster, submit)
        #expect(report.job == accepted.job)
        #expect(report.tokens == (try await Self.expected()))
        // And what has ended can be asked for after one more.
        (try cluster.coordinator).signal(SIGKILL)
        _ = await (try cluster.coordinator).result()
        try cluster.restartCoordinator()
        #expect(try await Self.follow(cluster, submit) == report)
        // The same key with another body stays refused.
        var other = submit
        other.maxTokens += 1
        await #expect(throws: NodeError.self) { try await Self.follow(cluster, other) }
    }

    // MARK: The disk

    /// F27: a sync takes two seconds. Nobody is told before it, and rounds do not wait for it.
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(if: SystemCalls.isWanted, Comment(rawValue: SystemCalls.want))
    )
    func nothingIsToldBeforeTheSync() async throws {
        let folder = Folder()
        let cluster = try TestCluster(
            coordinator: ["--store", folder.store],
            launcher: SystemCalls.injecting("fdatasync:delay_enter=2s")
        )
        let verified = Mutex(0)
        let tap = try WireTap(target: cluster.port) { _, message in
            if case .verified = message { verified.withLock { $0 += 1 } }
            return .forward
        }
        try cluster.start(.expert, model: Self.expert, through: tap)
        try cluster.start(.drafter, model: Self.drafter)
        try await cluster.waitForReady(2)
        let client = try ClusterClient(endpoint: cluster.endpoint)
        let started = ContinuousClock.now
        var follower = AnswerFollower(
            client: client,
            submit: .greedy(Self.prompt, maxTokens: 60),
            patience: 60
        )
        var accepted: (seconds: Double, rounds: Int)?
        var told: Double?
        let report = try await follower.run { notice in
            let seconds = started.duration(to: .now) / .seconds(1)
            switch notice {
            case .accepted: accepted = (seconds, verified.withLock { $0 })
            case .text: told = told ?? seconds
            default: break
            }
        }
        await client.close()
        #expect(report.tokens == (try await Self.expected(maxTokens: 60)))
        let (seconds, rounds) = try #require(accepted)
        #expect(seconds >= 2 && rounds > 3, "accepted after \(seconds) s and \(rounds) rounds")
        #expect(try #require(told) >= 4, "told after \(told ?? 0) s")
        // The nodes were not missed meanwhile.
        #expect(try await cluster.nodes().allSatisfy { $0.state == "ready" })
    }

    /// F25, I9: the disk says no. Nothing is acknowledged from then on, the process says why and ends, and the next one
    /// goes on with what was acknowledged.
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(if: SystemCalls.isWanted, Comment(rawValue: SystemCalls.want)),
        arguments: [
            ("fdatasync:error=EIO:when=14+", "failed: "), ("pwrite64:error=ENOSPC:when=40+", "the disk is full"),
            ("pwrite64:error=EIO:when=40+", "failed: "),
        ]
    )
    func aDiskThatFails(_ injection: String, words: String) async throws {
        let folder = Folder()
        let cluster = try TestCluster(
            coordinator: ["--store", folder.store],
            launcher: SystemCalls.injecting(injection)
        )
        try await Self.joinPair(cluster)
        let client = try cluster.startClient(Self.submission())
        let end = await (try cluster.coordinator).result()
        #expect(end.code == 1)
        #expect(end.errors.contains(words) && end.errors.contains(folder.store), "\(end.errors)")
        #expect(!client.isDone)
        try cluster.restartCoordinator()
        let answer = try Answer(await client.result())
        #expect(answer.tokens == (try await Self.expected()))
    }

    /// F26: a bit of one job's row has changed. That job fails aloud, and no other.
    @Test(.timeLimit(.minutes(2))) func aFlippedBit() async throws {
        let folder = Folder()
        let cluster = try TestCluster(coordinator: ["--store", folder.store])
        let victim = Submit.greedy("This prompt will lose a bit", maxTokens: 40)
        let other = Submit.greedy(Self.prompt, maxTokens: UInt32(Self.maxTokens))
        for submit in [victim, other] { _ = try await Self.accept(submit, by: cluster) }
        (try cluster.coordinator).signal(SIGTERM)
        _ = await (try cluster.coordinator).result()
        var bytes = try Data(contentsOf: URL(filePath: folder.store))
        let place = try #require(bytes.range(of: Data(victim.prompt)))
        bytes[place.lowerBound + 3] ^= 4
        try bytes.write(to: URL(filePath: folder.store))

        try cluster.restartCoordinator()
        try await Self.joinPair(cluster)
        let jobs = try await Self.jobs(cluster)
        #expect(jobs.map(\.reason).contains(.error) && jobs.count == 2)
        #expect(jobs.contains { $0.note.contains("the checksum of row 1 is wrong") }, "\(jobs)")
        #expect(try await Self.follow(cluster, other).tokens == (try await Self.expected()))
    }

    @Test(.timeLimit(.minutes(1))) func aStoreHasOneCoordinator() async throws {
        let folder = Folder()
        let cluster = try TestCluster(coordinator: ["--store", folder.store])
        _ = try await Self.jobs(cluster)
        let port = try TCPSocket.freePort()
        let second = try await CascadeProcess.run(
            ["coordinator", "--listen", "tcp://127.0.0.1:\(port)", "--store", folder.store]
        )
        #expect(second.code == 1 && second.errors.contains("in use by another coordinator"), "\(second.errors)")
        let nowhere = try await CascadeProcess.run(
            ["coordinator", "--listen", "tcp://127.0.0.1:\(port)", "--store", "/proc/nowhere/jobs.sqlite"]
        )
        #expect(nowhere.code == 1 && nowhere.errors.contains("/proc/nowhere/jobs.sqlite"), "\(nowhere.errors)")
    }
}
