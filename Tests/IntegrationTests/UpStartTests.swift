import CascadeHost
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `cascade up -d` on its way: what is interrupted, and which lines of the log are its own.
@Suite struct UpStartTests {
    private static let canMount = geteuid() == 0 || Requirement.netns.isSet
    private static let mounts: Comment = "/dev is hidden behind an empty folder: run the tests as root"

    /// Milliseconds after the start of the process that is to be the cluster; at first nothing in it handles signals.
    @Test(.timeLimit(.minutes(1)), arguments: [0, 5, 10, 20, 50])
    func anInterruptedStart(_ milliseconds: Int) async throws {
        let home = try UpHome()
        // One before it, whose log is there.
        let before = try await home.run(["up", "-d", "--roles", "coordinator"])
        #expect(before.code == 0, "\(before)")
        #expect(try await home.run(["down"]).code == 0)
        try await home.waitUntilEmpty()
        let up = try home.start(
            ["up", "-d"] + UpHome.pair(),
            launcher: ["/usr/bin/env", "--default-signal=INT,TERM,HUP"]
        )
        while try home.processes().count < 2, !up.isDone { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(milliseconds))
        up.signal(SIGINT)
        let result = await up.result()
        #expect(result.code == 130 && result.errors.contains("cascade: interrupted"), "\(result)")
        #expect(!result.errors.contains("is ready") && !result.errors.contains("did not start"), "\(result)")
        try await home.waitUntilEmpty()
    }

    @Test func anInterruptionBeforeTheProcessCounts() async throws {
        let start = StartingProcess()
        #expect(!start.isInterrupted)
        start.interrupt()
        let process = try ChildProcess(executable: "/bin/sleep", arguments: ["60"])
        start.take(process)
        #expect(start.isInterrupted)
        #expect(await process.exitCode() == -SIGTERM)
    }

    @Test func theLogsNewLines() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(StartLog(file.path).newLines(12).isEmpty)
        let old = (0..<200).map { "2026-01-01T00:00:00 old line \($0)\n" }.joined()
        try Data(old.utf8).write(to: file)
        let log = StartLog(file.path)
        #expect(log.newLines(12).isEmpty)
        // Who does not get as far as emptying it writes behind what is there.
        try Data((old + "cannot start\nbecause\n").utf8).write(to: file)
        #expect(log.newLines(12) == ["cannot start", "because"])
        #expect(log.newLines(1) == ["because"])
        let new = old.replacing("01-01", with: "01-02")
        for text in [String(new.prefix(100)), new, new + new] {
            try Data(text.utf8).write(to: file)
            #expect(log.newLines(1_000) == text.split(separator: "\n").map(String.init))
        }
    }

    @Test(.timeLimit(.minutes(1)), .enabled(if: canMount, mounts), arguments: [["-d"], []])
    func withoutDevNull(_ more: [String]) async throws {
        let home = try UpHome()
        let script = "mount -t tmpfs none /dev && exec \"$@\""
        let up = try await home.run(
            ["up", "--roles", "coordinator"] + more,
            launcher: ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, "sh"]
        )
        #expect(up.code == 1 && up.errors.contains("cannot read /dev/null: No such file"), "\(up)")
    }
}
