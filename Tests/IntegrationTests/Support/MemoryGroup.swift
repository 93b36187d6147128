import Foundation
import Testing

/// A control group with a memory limit, for processes that a test starts.
final class MemoryGroup: Sendable {
    private let folder: String

    /// Makes a group; nil where this user, this kernel or this container makes none.
    private init?(limit bytes: Int) {
        let name = "cascade-test-\(UUID().uuidString)"
        for parent in Self.parents {
            let (folder, file) = ("\(parent.folder)/\(name)", parent.limitFile)
            guard mkdir(folder, 0o755) == 0 else { continue }
            try? "\(bytes)".write(toFile: "\(folder)/\(file)", atomically: false, encoding: .utf8)
            let limit = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            // Limits are whole pages.
            if let number = limit.flatMap({ Int($0.filter(\.isNumber)) }), abs(number - bytes) < 65_536 {
                self.folder = folder
                return
            }
            rmdir(folder)
        }
        return nil
    }

    /// Ends what is left in the group, and the group.
    private func remove() {
        for _ in 0..<200 where rmdir(folder) != 0 && errno == EBUSY {
            let processes = (try? String(contentsOfFile: "\(folder)/cgroup.procs", encoding: .utf8)) ?? ""
            for pid in processes.split(separator: "\n").compactMap({ Int32($0) }) { kill(pid, SIGKILL) }
            usleep(20_000)
        }
    }

    /// Why a test that wants a group is skipped, and what helps.
    static let want = """
        no memory control group can be made here: run as root, with /sys/fs/cgroup mounted for writing where this is a \
        container
        """

    /// Whether tests can have groups here.
    static let isAvailable: Bool = {
        let group = MemoryGroup(limit: 64 << 20)
        group?.remove()
        return group != nil
    }()

    /// Runs `body` with a group that is gone afterwards, and so is what still runs in it.
    static func with(limit bytes: Int, _ body: (MemoryGroup) async throws -> Void) async throws {
        let group = try #require(MemoryGroup(limit: bytes))
        defer { group.remove() }
        try await body(group)
    }

    /// Runs what follows in the group.
    var launcher: [String] {
        ["/bin/sh", "-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", folder]
    }

    /// The process's own groups of both versions, and the topmost ones.
    private static var parents: [(folder: String, limitFile: String)] {
        let lines = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        var parents: [(folder: String, limitFile: String)] = []
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 3 else { continue }
            let path = fields[2] == "/" ? "" : fields[2]
            if fields[1].split(separator: ",").contains("memory") {
                for folder in [path, ""] { parents.append(("/sys/fs/cgroup/memory\(folder)", "memory.limit_in_bytes")) }
            } else if fields[0] == "0" {
                for folder in [path, ""] { parents.append(("/sys/fs/cgroup\(folder)", "memory.max")) }
            }
        }
        return parents
    }
}
