import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

@testable import CascadeHost

/// Somebody sets the clock while a job runs: only monotonic time matters.
@Suite(.serialized) struct ClockJumpTests {
    @Test(
        .timeLimit(.minutes(2)),
        .enabled(
            if: FakeClock.library != nil,
            "libfaketime is not installed: deploy/scripts/install-dependencies --tests"
        )
    )
    func aJobRunsThroughJumpsOfAnHour() async throws {
        let clock = try await FakeClock()
        let cluster = try TestCluster(coordinator: ["--log-level", "debug"], environment: clock.environment)
        let started = Mutex(false)
        let jumped = Mutex(false)
        let tap = try WireTap(target: cluster.port) { _, message in
            if case .verified = message {
                started.withLock { $0 = true }
                // The job lasts until both jumps are over.
                if !jumped.withLock({ $0 }) { usleep(100_000) }
            }
            return .forward
        }
        let nodes = try [
            cluster.start(
                .expert,
                model: ClusterTests.expert,
                through: tap,
                arguments: ["--log-level", "trace"],
                environment: clock.environment
            ),
            cluster.start(
                .drafter,
                model: ClusterTests.drafter,
                arguments: ["--log-level", "trace"],
                environment: clock.environment
            ),
        ]
        try await cluster.waitForReady(2)
        let prompt = "Once upon a time there was"
        let client = try cluster.startClient(
            [
                "submit", prompt, "--raw", "--json", "--max-tokens", "600", "--num-speculative-tokens", "2",
                "--drafter-kind", "model",
            ],
            environment: clock.environment
        )
        try await waitUntil("rounds are running") { started.withLock { $0 } }
        for hours in [1, -1] {
            try clock.set(hours: hours)
            try await waitUntil("all nodes see \(hours) h") {
                nodes.allSatisfy { FakeClock.hours(in: $0.errors, of: "heartbeat", around: .now).last == hours }
            }
            // The coordinator's log has a line for each client that comes.
            #expect(try await cluster.client(["health", "--nodes"]).code == 0)
            let coordinator = try cluster.coordinator.errors
            #expect(FakeClock.hours(in: coordinator, of: "connection", around: .now).last == hours)
            let health = try await CascadeProcess.run(["health", "--process"], environment: clock.environment)
            #expect(health.code == 0, "\(health.errors)")
            // Longer than any silence that costs a node its place.
            try await Task.sleep(for: .seconds(3))
        }
        #expect(client.output.isEmpty, "the job ended before the jumps did")
        jumped.withLock { $0 = true }
        let answer = try Answer(await client.result())
        let expected = try await Generated.run(model: ClusterTests.expert, texts: [prompt], maxTokens: 600)[0]
        #expect(answer.tokens == expected.tokens)
        #expect(try await cluster.nodes().count { $0.state == "ready" } == 2)
        for node in nodes {
            // It may have joined twice at first, when it said hello to a coordinator that was not there yet.
            let log = node.errors
            let since = try #require(log.firstRange(of: "heartbeat\n")).upperBound
            #expect(!log[since...].contains("join") && !log[since...].contains(" ready\n"), "\(log)")
            let numbers = log.matches(of: /number=(\d+)/).compactMap { Int($0.1) }
            #expect(numbers.count >= 6)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 }, "heartbeats: \(numbers)")
        }
        #expect(try !cluster.coordinator.errors.contains("node gone"))
        #expect(try !cluster.coordinator.errors.contains("stood still"))
    }

    /// A report's age comes from what it says, not from when the file system thinks that it was written.
    @Test(arguments: [-3_600.0, 3_600])
    func aReportsAgeIsNotItsFiles(_ offset: Double) throws {
        let report = ProcessHealth(role: "expert", state: "ready", note: "")
        report.write()
        defer { report.remove() }
        try FileManager.default.setAttributes(
            [.modificationDate: Date.now + offset],
            ofItemAtPath: "\(ProcessHealth.folder.path)/\(report.pid).json"
        )
        let own = try #require(ProcessHealth.all().first { $0.report.pid == report.pid })
        #expect((0..<ProcessHealth.staleSeconds).contains(own.ageSeconds))
        let now = MonotonicClock.now()
        #expect(abs(report.ageSeconds(at: now.advanced(milliseconds: 60_000)) - 60) < 5)
        #expect(report.ageSeconds(at: Instant(nanoseconds: 0)) == .infinity)
    }
}
