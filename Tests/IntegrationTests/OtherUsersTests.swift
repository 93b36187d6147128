import CDispatch
import CascadeHost
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// A user who is nobody else here.
private enum OtherUser {
    static let id: uid_t = 54_321

    /// Whether the binary can be run as that user: every folder on the way is open.
    static let canRun: Bool = {
        var path = ""
        return geteuid() == 0
            && CascadeProcess.binary.split(separator: "/").dropLast().allSatisfy { part in
                path += "/\(part)"
                var status = stat()
                return stat(path, &status) == 0 && status.st_mode & S_IXOTH != 0
            }
    }()
}

/// What a user is told who may not look, and a user who may run few processes.
@Suite(.enabled(if: OtherUser.canRun, "only root can run commands as others: run the tests as root"))
struct OtherUsersTests {
    /// Runs commands as that user; with a limit of processes where one is named.
    private func launcher(processes: Int? = nil) -> [String] {
        let limit = processes.map { ["/usr/bin/prlimit", "--nproc=\($0):\($0)"] } ?? []
        return ["/usr/bin/setpriv", "--reuid", "\(OtherUser.id)", "--regid", "\(OtherUser.id)", "--clear-groups"]
            + limit
    }

    /// A folder that only root gets into.
    private func withClosedFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "o-\(UUID().uuidString.prefix(8))").path
        try FileAccess.makeFolder(folder, mode: 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    @Test(.timeLimit(.minutes(1))) func whatMayNotBeSeenIsNotMissing() async throws {
        try await withClosedFolder { folder in
            let commands: [([String], Int32)] = [
                (["keys", "list", "--keys", folder], 1), (["status", "--endpoint", "ipc://\(folder)/socket"], 3),
                (["down", "--endpoint", "tcp://127.0.0.1:\(try TCPSocket.freePort())"], 1),
            ]
            for (command, code) in commands {
                let result = try await CascadeProcess.run(
                    command,
                    environment: ["XDG_STATE_HOME": folder, "HOME": folder],
                    launcher: launcher()
                )
                #expect(result.code == code && result.errors.contains("Permission denied"), "\(command): \(result)")
                #expect(!result.errors.contains("no coordinator listens"), "\(result.errors)")
            }
        }
    }

    /// Root with another user's home, as `sudo` keeps it, makes nothing there that its user could not enter.
    @Test(.timeLimit(.minutes(1))) func rootMakesNothingInAHomeOfOthers() async throws {
        try await withClosedFolder { home in
            #expect(chown(home, OtherUser.id, gid_t.max) == 0)
            let environment = ["HOME": home, "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""]
            for command in [["keys", "new", "a", "--role", "client"], ["up", "--roles", "coordinator"]] {
                let result = try await CascadeProcess.run(command, environment: environment)
                #expect(
                    result.code == 1 && result.errors.contains("in a folder of another user (\(OtherUser.id))"),
                    "\(command): \(result)"
                )
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: home).isEmpty)
            // Who names a folder means it.
            let named = ["keys", "new", "a", "--role", "client", "--keys", "\(home)/keys"]
            #expect(try await CascadeProcess.run(named, environment: environment).code == 0)
        }
    }

    /// Where there are too few threads, commands say so, instead of waiting for one or dying of it.
    @Test(.timeLimit(.minutes(1))) func fewProcesses() async throws {
        let home = try UpHome()
        #expect(chown(home.state.path, OtherUser.id, gid_t.max) == 0)
        for command in [["up", "-d"] + UpHome.pair(), ["status"]] {
            let result = try await home.run(command, launcher: launcher(processes: 5))
            #expect(result.code == 1 && result.errors.contains("limit of processes"), "\(command): \(result)")
            #expect(try home.processes().isEmpty)
        }
    }
}
