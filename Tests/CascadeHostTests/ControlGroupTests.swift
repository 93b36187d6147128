import Foundation
import Testing

@testable import CascadeHost

/// CPU quotas and the groups that limit a process, as kernels, containers and batch systems show them, from folders
/// that look like theirs; and once for real.
struct ControlGroupTests {
    /// One machine: what a process reads of itself, the quotas that lie in its tree, and how many cores they leave.
    struct Machine: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var groups: String
        var mounts: [String]
        var quotas: [String: String]
        var cores: Double?
    }

    private static let second = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
    private static let first = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
    private static let unified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw"

    private static func v1(_ folder: String, _ quota: Int, _ period: Int = 100_000) -> [String: String] {
        ["\(folder)/cpu.cfs_quota_us": "\(quota)\n", "\(folder)/cpu.cfs_period_us": "\(period)\n"]
    }

    static let machines = [
        Machine(testDescription: "no groups", groups: "", mounts: [], quotas: [:], cores: nil),
        Machine(
            testDescription: "version 2, systemd-run -p CPUQuota=50%",
            groups: "0::/system.slice/run-u7.service\n",
            mounts: [second],
            quotas: [
                "sys/fs/cgroup/system.slice/run-u7.service/cpu.max": "50000 100000\n",
                "sys/fs/cgroup/system.slice/cpu.max": "max 100000\n",
            ],
            cores: 0.5
        ),
        Machine(
            testDescription: "version 2, the least quota is above",
            groups: "0::/user.slice/user-1000.slice/session-3.scope\n",
            mounts: [second],
            quotas: [
                "sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope/cpu.max": "400000 100000",
                "sys/fs/cgroup/user.slice/user-1000.slice/cpu.max": "150000 100000",
                "sys/fs/cgroup/user.slice/cpu.max": "800000 100000",
            ],
            cores: 1.5
        ),
        Machine(
            testDescription: "version 2, a neighbour's quota is not ours",
            groups: "0::/a\n",
            mounts: [second],
            quotas: ["sys/fs/cgroup/b/cpu.max": "50000 100000"],
            cores: nil
        ),
        Machine(
            testDescription: "version 2, a container with a namespace of its own",
            groups: "0::/\n",
            mounts: ["512 500 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw"],
            quotas: ["sys/fs/cgroup/cpu.max": "150000 100000"],
            cores: 1.5
        ),
        Machine(
            testDescription: "version 2, moved out of its namespace",
            groups: "0::/../other\n",
            mounts: ["512 500 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw"],
            quotas: ["sys/fs/cgroup/cpu.max": "300000 100000", "sys/fs/other/cpu.max": "10000 100000"],
            cores: 3
        ),
        Machine(
            testDescription: "version 1, half a core below",
            groups: "2:cpu,cpuacct:/batch/one\n1:name=systemd:/x\n",
            mounts: [first],
            quotas: v1("sys/fs/cgroup/cpu,cpuacct/batch/one", -1).merging(
                v1("sys/fs/cgroup/cpu,cpuacct/batch", 25_000, 50_000)
            ) { $1 },
            cores: 0.5
        ),
        Machine(
            testDescription: "version 1, Slurm",
            groups: "4:memory:/slurm/uid_7/job_42/step_0\n2:cpu:/slurm/uid_7/job_42/step_0\n",
            mounts: ["32 31 0:29 / /cgroup/cpu rw - cgroup none rw,cpu"],
            quotas: v1("cgroup/cpu/slurm/uid_7/job_42", 300_000),
            cores: 3
        ),
        Machine(
            testDescription: "version 1, a container without a namespace sees its part of the hierarchy",
            groups: "2:cpu:/docker/abc\n",
            mounts: ["900 899 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu"],
            quotas: v1("sys/fs/cgroup/cpu", 200_000),
            cores: 2
        ),
        Machine(
            testDescription: "both versions, the quota is version 1's",
            groups: "2:cpu,cpuacct:/a\n0::/\n",
            mounts: [first, unified],
            quotas: v1("sys/fs/cgroup/cpu,cpuacct/a", 50_000),
            cores: 0.5
        ),
        Machine(
            testDescription: "both versions, the hierarchies are separate",
            groups: "2:cpu,cpuacct:/\n0::/a/b\n",
            mounts: [first, unified],
            quotas: v1("sys/fs/cgroup/cpu,cpuacct", -1).merging(
                ["sys/fs/cgroup/unified/a/cpu.max": "100000 100000"]
            ) { $1 },
            cores: 1
        ),
        Machine(
            testDescription: "a mount point with a blank, and quotas that make no sense",
            groups: "0::/a/b/c\n",
            mounts: [#"30 24 0:26 / /my\040groups rw - cgroup2 cgroup2 rw"#],
            quotas: [
                "my groups/a/b/c/cpu.max": "", "my groups/a/b/cpu.max": "100000 0",
                "my groups/a/cpu.max": "40000 10000",
            ],
            cores: 4
        ),
    ]

    /// Runs `body` with a folder that looks like the root of such a machine.
    private func with(_ machine: Machine, _ body: (String) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "groups-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        let own = [
            "proc/self/cgroup": machine.groups, "proc/self/mountinfo": machine.mounts.joined(separator: "\n") + "\n",
        ]
        for (path, text) in own.merging(machine.quotas, uniquingKeysWith: { $1 }) {
            let url = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        try body(root.path)
    }

    @Test(arguments: machines)
    func theLeastQuotaOnTheWayUpRules(_ machine: Machine) throws {
        try with(machine) { root in #expect(AvailableCores.quota(root: root) == machine.cores) }
    }

    @Test func limitsAreSoughtInAllGroupsAbove() {
        let second = ControlGroups(groups: "0::/a/b\n", mounts: Self.second)
        #expect(second.chain("memory").map(\.folder) == ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"])
        let first = ControlGroups(
            groups: "4:memory:/x\n3:cpu,cpuacct:/y\n",
            mounts: "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" + Self.first
        )
        #expect(first.chain("memory").map(\.folder) == ["/sys/fs/cgroup/memory/x", "/sys/fs/cgroup/memory"])
        #expect(first.chain("cpu").first?.folder == "/sys/fs/cgroup/cpu,cpuacct/y")
        #expect(ControlGroups(groups: "0::/a\n", mounts: "").chain("cpu").isEmpty)
        #expect(ControlGroups(groups: "nonsense", mounts: "x - y\n1 2 - cgroup\n\n").chain("cpu").isEmpty)
    }
}
