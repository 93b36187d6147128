internal import Foundation

/// How much memory this process may use.
package struct AvailableMemory: Equatable, Sendable {
    /// The machine's, in bytes.
    package var total: Int
    /// What can be had now without swapping, in bytes: the machine's, cut to what the limits of the control groups
    /// leave. The page cache counts as available, what other nodes have promised themselves does not.
    package var available: Int
    /// The least limit of the control groups that the process is in; nil where none is below the machine's memory.
    package var limit: Int?
    /// Whether it is a control group that leaves no more, not the machine.
    package var isCutByLimit: Bool
    /// Bytes that other nodes will still take of what the kernel calls available.
    package var promised: Int

    /// Creates a value from its parts.
    package init(total: Int, available: Int, limit: Int?, isCutByLimit: Bool = false, promised: Int = 0) {
        (self.total, self.available, self.promised) = (total, available, promised)
        (self.limit, self.isCutByLimit) = (limit, isCutByLimit)
    }

    /// Reads what the kernel says, less the promises; nil where it says nothing. Files are looked for below `root`.
    package static func read(root: String = "", promises: [MemoryPromise] = MemoryPromise.others()) -> AvailableMemory?
    {
        guard let (total, free) = parse(memoryInfo: text(root + "/proc/meminfo") ?? "") else { return nil }
        let promised = promises.reduce(0) { $0 + $1.missing }
        var memory = AvailableMemory(total: total, available: max(0, free - promised), limit: nil, promised: promised)
        for group in ControlGroups.read(root: root).chain("memory") {
            // Without a limit version 2 says `max`, version 1 an absurd number.
            let file = root + group.folder + (group.isSecond ? "/memory.max" : "/memory.limit_in_bytes")
            guard let limit = number(file), limit < total else { continue }
            memory.limit = min(limit, memory.limit ?? limit)
            let inside = promises.filter { $0.groups.contains(group.folder) }.reduce(0) { $0 + $1.missing }
            let left = max(0, limit - usage(group, root: root) - inside)
            guard left < memory.available else { continue }
            memory.available = left
            memory.promised = inside
            memory.isCutByLimit = true
        }
        return memory
    }

    /// Bytes that a group uses and could not give back: page cache is not among them.
    private static func usage(_ group: ControlGroups.Group, root: String) -> Int {
        let folder = root + group.folder
        let used = number(folder + (group.isSecond ? "/memory.current" : "/memory.usage_in_bytes")) ?? 0
        // Version 1 counts the groups below only in the lines that begin with `total_`.
        let prefix = group.isSecond ? "" : "total_"
        let keys = [prefix + "active_file", prefix + "inactive_file"]
        let lines = (text(folder + "/memory.stat") ?? "").split(separator: "\n").map { $0.split(separator: " ") }
        let files = lines.filter { $0.count == 2 && keys.contains(String($0[0])) }.compactMap { Int($0[1]) }
        return max(0, used - files.reduce(0, +))
    }

    /// Bytes in all and available, from the text of `/proc/meminfo`.
    static func parse(memoryInfo: String) -> (total: Int, available: Int)? {
        guard let total = ProcessStatus.bytes("MemTotal", in: memoryInfo),
            let available = ProcessStatus.bytes("MemAvailable", in: memoryInfo)
        else { return nil }
        return (total, available)
    }

    private static func text(_ path: String) -> String? {
        try? String(contentsOfFile: path, encoding: .utf8)
    }

    private static func number(_ path: String) -> Int? {
        text(path).flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}

/// Memory that a node has found to be there and will take: its weights while it loads, the pages of its cache as they
/// fill. The kernel calls it available until then, so the next node asks for promises before it believes that.
///
/// One small file for each node beside its health report; it counts as long as the process lives.
package struct MemoryPromise: Equatable, Sendable {
    private struct File: Codable {
        var process: ProcessIdentity
        var bytes: Int
    }

    /// Bytes that are promised and not yet taken.
    package var missing: Int
    /// The folders of the control groups that may limit the process's memory.
    package var groups: [String]

    /// Creates a promise.
    package init(missing: Int, groups: [String]) {
        self.missing = missing
        self.groups = groups
    }

    /// Promises this process so many bytes beyond what it has now.
    package static func make(bytes: Int, in folder: OwnFolder = ProcessHealth.folder) {
        let pid = getpid()
        guard let process = ProcessIdentity(pid: pid), let resident = ProcessStatus.residentBytes(pid) else { return }
        let file = File(process: process, bytes: resident + bytes)
        // Where it cannot be written, others see too much memory: no reason not to start.
        if let data = try? JSONEncoder().encode(file) { folder.write(Array(data), to: name(pid)) }
    }

    /// Takes this process's promise back.
    package static func remove(in folder: OwnFolder = ProcessHealth.folder) {
        folder.remove(name(getpid()))
    }

    /// What other processes of this user were promised; leftovers of dead ones are removed.
    package static func others(in folder: OwnFolder = ProcessHealth.folder) -> [MemoryPromise] {
        folder.names().filter { $0.hasSuffix(".memory") }.compactMap { name in
            guard let bytes = folder.read(name), let file = try? JSONDecoder().decode(File.self, from: Data(bytes))
            else { return nil }
            guard file.process.isRunning, let resident = ProcessStatus.residentBytes(file.process.pid) else {
                if file.process.standing == .gone { folder.remove(name) }
                return nil
            }
            guard file.process.pid != getpid() else { return nil }
            return MemoryPromise(
                missing: max(0, file.bytes - resident),
                groups: ControlGroups.read(pid: file.process.pid).chain("memory").map(\.folder)
            )
        }
    }

    private static func name(_ pid: Int32) -> String { "\(pid).memory" }
}
