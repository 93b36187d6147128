internal import Foundation

/// What `up` leaves behind so that `down` can end it: process ids in a small file per endpoint.
struct ClusterRecord: Codable {
    /// The process of `cascade up`.
    var supervisor: Int32
    /// Its children by role.
    var children: [String: Int32]
    /// Where the coordinator listens.
    var endpoint: String

    /// The key file that commands of this machine show; nil for a cluster without keys.
    var adminKey: String?

    /// This very program, for children.
    static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path

    /// The folder of records and logs: `~/.cache/cascade/run`.
    static var directory: URL {
        let base =
            ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
        return base.appending(path: "cascade/run", directoryHint: .isDirectory)
    }

    private static func slug(_ endpoint: String) -> String {
        String(endpoint.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "-" })
    }

    /// The log of a cluster that runs in the background.
    static func log(endpoint: String) -> URL {
        directory.appending(path: "up-\(slug(endpoint)).log")
    }

    /// A coordinator's arguments for jobs that are kept as long as this process, where the user names no file.
    static func temporaryStore(endpoint: String) -> [String] {
        let name = jobs(endpoint: endpoint) + "\(getpid()).sqlite"
        return ["--store", directory.appending(path: name).path, "--end-jobs-at-stop"]
    }

    private static func jobs(endpoint: String) -> String { "up-\(slug(endpoint))-jobs-" }

    /// Removes such files, with those that SQLite puts beside them: of a process, or of all that are no more.
    static func removeJobs(endpoint: String, of process: Int32? = nil) {
        let prefix = jobs(endpoint: endpoint)
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [] {
            guard name.hasPrefix(prefix), let owner = Int32(name.dropFirst(prefix.count).prefix { $0.isNumber }),
                process.map({ $0 == owner }) ?? !isOurs(owner)
            else { continue }
            try? FileManager.default.removeItem(at: directory.appending(path: name))
        }
    }

    private static func file(endpoint: String) -> URL {
        directory.appending(path: "up-\(slug(endpoint)).json")
    }

    /// The record of the cluster at an endpoint, nil where none was left.
    static func read(endpoint: String) -> ClusterRecord? {
        (try? Data(contentsOf: file(endpoint: endpoint))).flatMap { try? JSONDecoder().decode(Self.self, from: $0) }
    }

    /// Writes the record.
    func write() throws {
        try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
        try JSONEncoder().encode(self).write(to: Self.file(endpoint: endpoint), options: .atomic)
    }

    /// Removes the record.
    static func remove(endpoint: String) {
        try? FileManager.default.removeItem(at: file(endpoint: endpoint))
    }

    /// A process of the cluster that still runs: its supervisor, or what is left of it.
    var process: Int32? {
        ([supervisor] + children.values.sorted()).first(where: Self.isOurs)
    }

    /// Whether a process is there and is one of ours: ids are used again by strangers.
    static func isOurs(_ pid: Int32) -> Bool {
        guard pid > 0, kill(pid, 0) == 0,
            let name = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
        else { return false }
        return URL(filePath: name.replacingOccurrences(of: " (deleted)", with: "")).lastPathComponent == "cascade"
    }
}
