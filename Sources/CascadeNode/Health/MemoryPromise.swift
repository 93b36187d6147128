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
    static func make(bytes: Int) {
        let pid = getpid()
        guard let process = ProcessIdentity(pid: pid), let resident = ProcessStatus.residentBytes(pid) else { return }
        let file = File(process: process, bytes: resident + bytes)
        try? FileManager.default.createDirectory(at: ProcessHealth.directory, withIntermediateDirectories: true)
        // Where it cannot be written, others see too much memory: no reason not to start.
        if let data = try? JSONEncoder().encode(file) { try? data.write(to: url(pid), options: .atomic) }
    }

    /// Takes this process's promise back.
    static func remove() {
        try? FileManager.default.removeItem(at: url(getpid()))
    }

    /// What other processes of this user were promised; leftovers of dead ones are removed.
    package static func others() -> [MemoryPromise] {
        let directory = ProcessHealth.directory
        let urls = (try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)) ?? []
        return urls.filter { $0.pathExtension == "memory" }.compactMap { url in
            guard let data = try? Data(contentsOf: url), let file = try? JSONDecoder().decode(File.self, from: data)
            else { return nil }
            guard file.process.isRunning, let resident = ProcessStatus.residentBytes(file.process.pid) else {
                if file.process.standing == .gone { try? FileManager.default.removeItem(at: url) }
                return nil
            }
            guard file.process.pid != getpid() else { return nil }
            return MemoryPromise(
                missing: max(0, file.bytes - resident),
                groups: ControlGroups.read(pid: file.process.pid).chain("memory").map(\.folder)
            )
        }
    }

    private static func url(_ pid: Int32) -> URL {
        ProcessHealth.directory.appending(path: "\(pid).memory")
    }
}
