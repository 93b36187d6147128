import Foundation
import Testing

@testable import CascadeHost

/// Memory as kernels with control groups of both versions tell it, from folders that look like theirs.
struct AvailableMemoryTests {
    private static let megabyte = 1 << 20

    /// Reads a machine of 8,000 MB, 5,000 of them available, with these files.
    private func read(_ files: [String: String], promises: [MemoryPromise] = []) throws -> AvailableMemory {
        let root = FileManager.default.temporaryDirectory.appending(path: "memory-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let machine = ["proc/meminfo": "MemTotal: \(8_000 * 1_024) kB\nMemAvailable: \(5_000 * 1_024) kB\n"]
        for (path, text) in machine.merging(files, uniquingKeysWith: { $1 }) {
            let url = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        return try #require(AvailableMemory.read(root: root.path, promises: promises))
    }

    private static func bytes(_ megabytes: Int) -> String { "\(megabytes * megabyte)" }

    private static let second = [
        "proc/self/cgroup": "0::/a/b\n",
        "proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
        "sys/fs/cgroup/a/memory.max": bytes(2_000) + "\n",
        "sys/fs/cgroup/a/memory.current": bytes(1_500) + "\n",
        "sys/fs/cgroup/a/memory.stat": "anon 5\nactive_file \(bytes(300))\ninactive_file \(bytes(200))\n",
        "sys/fs/cgroup/a/b/memory.max": "max\n",
        "sys/fs/cgroup/a/b/memory.current": bytes(1_500) + "\n",
    ]

    private static let first = [
        "proc/self/cgroup": "4:memory:/a\n3:cpu:/z\n0::/\n",
        "proc/self/mountinfo": "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
            + "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n",
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": bytes(2_000),
        "sys/fs/cgroup/memory/a/memory.usage_in_bytes": bytes(1_500),
        "sys/fs/cgroup/memory/a/memory.stat": "active_file 0\ntotal_active_file \(bytes(300))\n"
            + "total_inactive_file \(bytes(200))\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    ]

    @Test func withoutGroupsItIsTheMachines() throws {
        let memory = try read([:])
        #expect(memory == AvailableMemory(total: 8_000 << 20, available: 5_000 << 20, limit: nil))
    }

    /// 2,000 MB less 1,500, of which 500 are page cache.
    @Test(arguments: [first, second])
    func aGroupsLimitCountsLessWhatItUses(_ files: [String: String]) throws {
        let memory = try read(files)
        #expect(memory.available == 1_000 << 20)
        #expect(memory.limit == 2_000 << 20)
        #expect(memory.isCutByLimit)
    }

    @Test func theMachineMayHaveLessThanTheGroup() throws {
        let meminfo = "MemTotal: \(8_000 * 1_024) kB\nMemAvailable: \(100 * 1_024) kB\n"
        let memory = try read(Self.second.merging(["proc/meminfo": meminfo]) { $1 })
        #expect(memory.available == 100 << 20)
        #expect(!memory.isCutByLimit && memory.limit == 2_000 << 20)
    }

    @Test func promisesAreNotAvailable() throws {
        let inside = MemoryPromise(missing: 400 << 20, groups: ["/sys/fs/cgroup/a"])
        let outside = MemoryPromise(missing: 700 << 20, groups: ["/sys/fs/cgroup/c"])
        #expect(try read([:], promises: [inside, outside]).available == 3_900 << 20)
        let memory = try read(Self.second, promises: [inside, outside])
        #expect(memory.available == 600 << 20)
        #expect(memory.promised == 400 << 20)
    }

    @Test func moreUsedThanAllowedLeavesNothing() throws {
        let used = ["sys/fs/cgroup/a/memory.current": Self.bytes(2_600)]
        #expect(try read(Self.second.merging(used) { $1 }).available == 0)
    }

    @Test func thisProcessIsKnown() throws {
        #expect(ProcessStatus.exists(getpid()))
        #expect(try #require(ProcessStatus.residentBytes(getpid())) > 1_000_000)
        #expect(try #require(ProcessStatus.startTicks(getpid())) > 0)
        #expect(ProcessStatus.startTicks(-1) == nil)
    }
}
