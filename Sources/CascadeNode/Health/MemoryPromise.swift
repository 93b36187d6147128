package import CascadeHost
internal import Foundation

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
    static func make(bytes: Int, in folder: OwnFolder = ProcessHealth.folder) {
        let pid = getpid()
        guard let process = ProcessIdentity(pid: pid), let resident = ProcessStatus.residentBytes(pid) else { return }
        let file = File(process: process, bytes: resident + bytes)
        // Where it cannot be written, others see too much memory: no reason not to start.
        if let data = try? JSONEncoder().encode(file) { folder.write(Array(data), to: name(pid)) }
    }

    /// Takes this process's promise back.
    static func remove(in folder: OwnFolder = ProcessHealth.folder) {
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
