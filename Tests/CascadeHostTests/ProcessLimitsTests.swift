import Foundation
import Testing

@testable import CascadeHost

/// Limits of processes and threads, from folders that look like a kernel's.
struct ProcessLimitsTests {
    private static let mounts = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"

    private func read(_ files: [String: String], isRoot: Bool = false) throws -> ProcessLimits {
        let root = FileManager.default.temporaryDirectory.appending(path: "limits-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (name, text) in files {
            let file = root.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try text.write(to: file, atomically: false, encoding: .utf8)
        }
        return ProcessLimits.read(root: root.path, isRoot: isRoot)
    }

    private func limits(_ soft: String) -> String {
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max file size             unlimited            unlimited            bytes
        Max processes             \(soft)                 96364                processes
        Max open files            1024                 524288               files

        """
    }

    @Test func bothAreRead() throws {
        let files = [
            "proc/self/limits": limits("30"), "proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": Self.mounts,
            "sys/fs/cgroup/a/b/pids.max": "max\n", "sys/fs/cgroup/a/pids.max": "64\n",
        ]
        #expect(try read(files) == ProcessLimits(user: 30, group: 64))
        #expect(try read(files, isRoot: true) == ProcessLimits(group: 64))
    }

    @Test func whereNothingIsLimited() throws {
        #expect(try read([:]) == ProcessLimits())
        #expect(try read(["proc/self/limits": limits("unlimited")]) == ProcessLimits())
    }

    @Test func lowIsWhatAClusterComesUpAgainst() {
        let need = ProcessLimits.need(cores: 4)
        #expect(ProcessLimits(user: need, group: need).low(cores: 4) == nil)
        #expect(ProcessLimits(user: need - 1).low(cores: 4)?.contains("ulimit -u") == true)
        #expect(ProcessLimits(group: need - 1).low(cores: 4)?.contains("pids.max") == true)
    }
}
