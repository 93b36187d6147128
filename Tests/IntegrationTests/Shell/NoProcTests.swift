import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Without /proc, as in a root folder with little else than the binary: what was typed is known all the same.
@Suite struct NoProcTests {
    private static let canMount = geteuid() == 0 || Requirement.netns.isSet
    private static let mounts: Comment = "/proc is hidden behind an empty folder: run the tests as root"

    private func run(_ arguments: [String]) async throws -> CascadeProcess.Result {
        let script = "mount -t tmpfs none /proc && exec \"$@\""
        return try await CascadeProcess.run(
            arguments,
            launcher: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"]
        )
    }

    @Test(.timeLimit(.minutes(1)), .enabled(if: canMount, mounts)) func whatWasTypedIsKnown() async throws {
        let unknown = try await run(["nonsense"])
        #expect(unknown.code == 2 && unknown.errors.contains("nonsense"), "\(unknown)")
        let version = try await run(["--version"])
        #expect(version.code == 0 && version.output == "\(BuildInfo.version)\n", "\(version)")
        let refused = try await run(["jobs", "--limit", "0"])
        #expect(refused.code == 2 && refused.errors.contains("--limit must be"), "\(refused)")
    }

    /// What needs it says so.
    @Test(.timeLimit(.minutes(1)), .enabled(if: canMount, mounts), arguments: [[], ["-d"]])
    func whatIsMissingIsNamed(_ more: [String]) async throws {
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        let up = try await run(["up", "--roles", "coordinator", "--endpoint", endpoint] + more)
        #expect(up.code == 1 && up.errors.contains("/proc does not show this process"), "\(up)")
    }
}
