import ArgumentParser
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Endpoints that make no sense are wrong usage, and a coordinator that does not answer is told as it is.
@Suite struct EndpointTests {
    @Test(arguments: [
        ["up", "-d", "--endpoint", "inproc://x"], ["up", "--endpoint", "tcp://127.0.0.1:0"],
        ["up", "--endpoint", "tcp://127.0.0.1:*"], ["up", "--listen", "tcp://0.0.0.0:0"],
        ["up", "--listen", "nonsense"],
        ["up", "--endpoint", "ipc://*"], ["coordinator", "--listen", "inproc://x"], ["down", "--endpoint", "nonsense"],
        ["expert", "--model", "m", "--endpoint", "inproc://x"], ["drafter", "--model", "m", "--endpoint", "x:1"],
        ["join", "inproc://x", "--model", "m"], ["submit", "x", "--endpoint", "inproc://x"],
        ["status", "--endpoint", "tcp://127.0.0.1"], ["nodes", "--endpoint", "tcp://127.0.0.1:0"],
        ["doctor", "--endpoint", "nonsense"],
    ])
    func whatMakesNoSenseIsWrongUsage(_ line: [String]) {
        let error = #expect(throws: (any Error).self) { try Cascade.parse(line, environment: [:]) }
        if let error { #expect(Cascade.exitCode(for: error) == .validationFailure, "\(line): \(error)") }
    }

    @Test func theProgramSaysSo() async throws {
        let result = try await CascadeProcess.run(["up", "-d", "--endpoint", "inproc://x"])
        #expect(result.code == 2 && result.errors.contains("must be tcp://host:port or ipc://path"), "\(result)")
        let variable = try await CascadeProcess.run(["status"], environment: ["CASCADE_ENDPOINT": "nonsense"])
        #expect(variable.code == 2 && variable.errors.contains("CASCADE_ENDPOINT is 'nonsense'"), "\(variable)")
    }

    @Test(.timeLimit(.minutes(1))) func anUnknownHostIsNamed() async throws {
        let result = try await CascadeProcess.run(
            ["submit", "x", "--timeout", "0.5", "--endpoint", "tcp://no-such-host.invalid:5570"]
        )
        #expect(result.code == 3, "\(result)")
        #expect(result.errors.contains("the host no-such-host.invalid cannot be reached"), "\(result)")
        #expect(result.errors.contains("(waited 0.5 s)"), "\(result)")
    }

    /// Who waits is told for how long, and what the cluster's own `up` knows.
    @Test(.timeLimit(.minutes(1))) func whatIsWaitedForIsTold() async throws {
        let home = try UpHome()
        let nobody = try await home.run(["status"])
        #expect(nobody.code == 3 && nobody.errors.contains("trying for 5 s; start one with 'cascade up'"), "\(nobody)")
        let cluster = try home.start(["up", "--roles", "coordinator"])
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        let coordinator = try #require(try home.process("coordinator"))
        kill(coordinator, SIGSTOP)
        let status = try await home.run(["status"])
        kill(coordinator, SIGCONT)
        #expect(status.code == 3 && status.errors.contains("'cascade up' (process \(cluster.pid)) runs"), "\(status)")
        #expect(!status.errors.contains("start one with"), "\(status)")
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
    }
}
