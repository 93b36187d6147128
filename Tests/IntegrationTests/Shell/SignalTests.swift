import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// What signals do to a client: whoever follows a job of its own takes it along.
@Suite struct SignalTests {
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)],
        [["submit", "x"], ["submit", "--json", "x"]]
    )
    func cancelAFollowedJob(_ signal: (Int32, Int32), _ command: [String]) async throws {
        let cluster = try TestCluster()
        let client = try CascadeProcess(
            command + ["--endpoint", cluster.endpoint, "--timeout", "60"],
            launcher: ["/usr/bin/env", "--default-signal=INT,TERM,HUP"]
        )
        try await waitUntil("the job waits") { client.errors.contains("waiting for an expert") }
        client.signal(signal.0)
        let result = await client.result()
        #expect(result.code == signal.1, "\(result)")
        #expect(try await cluster.jobs().map(\.finish_reason) == ["cancelled"])
    }

    /// A log-out sends both in one breath, and nobody is impatient.
    @Test(.timeLimit(.minutes(1)), arguments: [[SIGTERM, SIGHUP], [SIGHUP, SIGTERM]])
    func theEndOfASessionIsOneSignal(_ signals: [Int32]) async throws {
        let cluster = try TestCluster()
        let client = try CascadeProcess(
            ["submit", "x", "--endpoint", cluster.endpoint, "--timeout", "60"],
            launcher: ["/usr/bin/env", "--default-signal=INT,TERM,HUP"]
        )
        try await waitUntil("the job waits") { client.errors.contains("waiting for an expert") }
        for signal in signals { client.signal(signal) }
        let result = await client.result()
        // Which of the two comes first is the system's to say.
        #expect([129, 143].contains(result.code), "\(result)")
        #expect(try await cluster.jobs().map(\.finish_reason) == ["cancelled"])
    }

    /// Who says it twice does not wait for a coordinator that does not answer, however soon the second time comes.
    @Test(.timeLimit(.minutes(1))) func aSecondInterruptEndsTheClientAtOnce() async throws {
        let cluster = try TestCluster()
        let client = try CascadeProcess(
            ["submit", "x", "--endpoint", cluster.endpoint, "--timeout", "60"],
            launcher: ["/usr/bin/env", "--default-signal=INT,TERM,HUP"]
        )
        try await waitUntil("the job waits") { client.errors.contains("waiting for an expert") }
        let coordinator = try cluster.coordinator
        coordinator.signal(SIGSTOP)
        defer { coordinator.signal(SIGCONT) }
        client.signal(SIGINT)
        // Were both pending at once, the system would make one of them.
        try await Task.sleep(for: .milliseconds(200))
        let isPatient = !client.isDone
        let second = ContinuousClock.now
        client.signal(SIGINT)
        let result = await client.result()
        #expect(isPatient && result.code == 130, "\(result)")
        #expect(ContinuousClock.now - second < .milliseconds(700))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
    func leaveAWatchedJobAlone(_ number: Int32, _ code: Int32) async throws {
        let cluster = try TestCluster()
        let job = try await cluster.client(["submit", "--detach", "x"]).output.trimmingCharacters(in: .newlines)
        let client = try CascadeProcess(
            ["watch", job, "--endpoint", cluster.endpoint],
            launcher: ["/usr/bin/env", "--default-signal=INT,TERM,HUP"]
        )
        try await waitUntil("the job is followed") { client.errors.contains("waiting for an expert") }
        client.signal(number)
        let result = await client.result()
        #expect(result.code == code && result.errors.contains("cascade watch \(job)"), "\(result)")
        #expect(try await cluster.jobs().map(\.state) == ["queued"])
    }

    /// `nohup cascade submit …` goes on when the terminal is closed, `cascade submit … &` of a script on Ctrl-C.
    @Test(.timeLimit(.minutes(1)), arguments: [(SIGHUP, "HUP"), (SIGINT, "INT")])
    func whatWasIgnoredStaysSo(_ number: Int32, _ name: String) async throws {
        let cluster = try TestCluster()
        let client = try CascadeProcess(
            ["submit", "x", "--endpoint", cluster.endpoint, "--timeout", "60"],
            launcher: ["/usr/bin/env", "--default-signal=TERM", "--ignore-signal=\(name)"]
        )
        try await waitUntil("the job waits") { client.errors.contains("waiting for an expert") }
        client.signal(number)
        // Signals come in order: had the first one counted, its number would be in the exit code.
        client.signal(SIGTERM)
        let result = await client.result()
        #expect(result.code == 143, "\(result)")
    }

    /// At any time of it: its own cluster starts, or becomes ready, or works.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)],
        [0, 100, 200, 300, 1_000]
    )
    func endAMeasurementWithWhatThereIs(_ signal: (Int32, Int32), _ milliseconds: Int) async throws {
        let (client, children) = try await measurement()
        try await Task.sleep(for: .milliseconds(milliseconds))
        client.signal(signal.0)
        let result = await client.result()
        #expect(result.code == signal.1, "\(result)")
        #expect(children.allSatisfy { kill($0, 0) != 0 })
    }

    @Test(.timeLimit(.minutes(1))) func aKilledMeasurementLeavesNothingRunning() async throws {
        let (client, children) = try await measurement()
        client.signal(SIGKILL)
        _ = await client.result()
        try await waitUntil("its cluster is gone") { children.allSatisfy { kill($0, 0) != 0 } }
    }

    /// A measurement whose own cluster has been started, and the processes of that.
    private func measurement() async throws -> (CascadeProcess, [Int32]) {
        let client = try CascadeProcess(
            [
                "bench", "serve", "--synthetic-acceptance", "0.5", "--synthetic-expert-ms", "2", "--seconds", "600",
                "--concurrency", "1", "--num-speculative-tokens", "0", "--num-warmups", "0", "--turns", "2", "--json",
            ],
            launcher: ["/usr/bin/env", "--default-signal=INT,TERM,HUP"]
        )
        var children: [Int32] = []
        try await waitUntil("its own cluster runs") {
            children = Self.children(of: client.pid)
            return children.count == 3
        }
        return (client, children)
    }

    /// Children are listed by the thread that started them.
    private static func children(of pid: Int32) -> [Int32] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        let lists = threads.map { thread in
            (try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/children", encoding: .utf8)) ?? ""
        }
        return lists.flatMap { $0.split(separator: " ").compactMap { Int32($0) } }
    }
}
