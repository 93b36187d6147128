internal import Foundation

/// The control groups that a process is in, of version 1, version 2 and both at once.
///
/// A group's limits bind all groups below it, so whoever looks for a limit walks up from the process's own group as far
/// as this mount of the hierarchy goes: in a container that is the container's group.
struct ControlGroups: Sendable {
    /// One group: a folder of the hierarchy.
    struct Group: Hashable, Sendable {
        /// Its folder.
        var folder: String
        /// Whether its files are those of version 2.
        var isSecond: Bool
    }

    private struct Mount {
        /// The part of the hierarchy that is mounted.
        var root: [String]
        var point: String
        /// Of version 1; nil for version 2.
        var controllers: Set<String>?
    }

    private let mounts: [Mount]
    /// The process's path in each hierarchy; version 2's is that of the empty name.
    private let paths: [(controllers: Set<String>, path: [String])]

    /// Reads them from the texts of `/proc/PID/cgroup` and `/proc/self/mountinfo`.
    init(groups: String, mounts text: String) {
        mounts = text.split(separator: "\n").compactMap(Self.mount)
        paths = groups.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            return (Set(fields[1].split(separator: ",").map(String.init)), Self.parts(fields[2]))
        }
    }

    /// Reads those of a process, this one where none is named. Files are looked for below `root`.
    static func read(root: String = "", pid: Int32? = nil) -> ControlGroups {
        func text(_ path: String) -> String { (try? String(contentsOfFile: root + path, encoding: .utf8)) ?? "" }
        let process = pid.map { "\($0)" } ?? "self"
        return ControlGroups(groups: text("/proc/\(process)/cgroup"), mounts: text("/proc/self/mountinfo"))
    }

    /// The groups that may limit what a controller such as `cpu` or `memory` gives out: the process's own first, then
    /// those above it. Version 2 has all controllers in one hierarchy.
    func chain(_ controller: String) -> [Group] {
        var chain: [Group] = []
        for mount in mounts where mount.controllers?.contains(controller) ?? true {
            let own = paths.first {
                mount.controllers == nil ? $0.controllers.isEmpty : $0.controllers.contains(controller)
            }
            guard let path = own?.path else { continue }
            // What is mounted may be a part of the hierarchy, and the process somewhere else (a path with .. in it):
            // then the mount's own group is all that is known.
            let isBelow = path.starts(with: mount.root) && !path.contains("..")
            var below = isBelow ? Array(path.dropFirst(mount.root.count)) : []
            while true {
                let folder = ([mount.point == "/" ? "" : mount.point] + below).joined(separator: "/")
                let group = Group(folder: folder, isSecond: mount.controllers == nil)
                if !chain.contains(group) { chain.append(group) }
                if below.popLast() == nil { break }
            }
        }
        return chain
    }

    /// A line such as `34 25 0:30 /part /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu,cpuacct`.
    private static func mount(_ line: Substring) -> Mount? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: false)
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
        let controllers: Set<String>?
        switch fields[dash + 1] {
        case "cgroup2": controllers = nil
        case "cgroup": controllers = Set(fields[dash + 3].split(separator: ",").map(String.init))
        default: return nil
        }
        return Mount(root: parts(plain(fields[3])[...]), point: plain(fields[4]), controllers: controllers)
    }

    private static func parts(_ path: Substring) -> [String] { path.split(separator: "/").map(String.init) }

    /// The kernel writes white space and back slashes in a path as three octal digits.
    private static func plain(_ text: Substring) -> String {
        [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
            .reduce(String(text)) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}
