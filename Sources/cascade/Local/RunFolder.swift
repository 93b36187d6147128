internal import CascadeHost
internal import CascadeTransport
internal import Foundation

/// Where `cascade up` keeps what belongs to the clusters that run on this machine: their records, logs and jobs, and
/// the socket of the default endpoint. Nobody else may enter it.
///
/// In the state folder, not in `XDG_RUNTIME_DIR`: that one goes when its user logs out, and jobs of cron, which may
/// want to submit, are not told of it. A home folder may be several machines', so each has a folder of its own in it.
enum RunFolder {
    /// The folder: `~/.local/state/cascade/run/HOST`, or below `XDG_STATE_HOME`.
    /// Where no home folder is known it is none that can be made: ``make()`` says why.
    static let path = (try? Places().run()).map { "\($0)/\(host)" } ?? "/nonexistent/cascade"

    /// This machine's name, without its domain.
    private static let host: String = {
        let name = ProcessInfo.processInfo.hostName.prefix { $0 != "." }
        let label = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.prefix(32)
        return label.isEmpty ? "host" : String(label)
    }()

    /// Where a coordinator listens unless it is told otherwise: a socket that this user alone gets to.
    static let endpoint: String = {
        let name = "coordinator.sock"
        let usual = "\(path)/\(name)"
        guard usual.utf8.count > Endpoint.longestPath, let runtime = runtimeFolder else { return "ipc://\(usual)" }
        return "ipc://\(runtime)/cascade/\(name)"
    }()

    /// The user's folder for sockets, for those whose home folder has too long a name; nil where there is none that
    /// nobody else can enter.
    private static var runtimeFolder: String? {
        var status = stat()
        guard let path = Places().runtime, stat(path, &status) == 0, status.st_uid == geteuid(),
            status.st_mode & 0o777 == 0o700
        else { return nil }
        return path
    }

    /// Makes the folder where it is missing.
    static func make() throws(CommandFailure) {
        do {
            _ = try Places().run()
            if let owner = FileAccess.strangerAbove(path) {
                throw CommandFailure.failed(
                    """
                    the folder \(path) would be root's in a folder of another user (\(owner)); run this as that user, \
                    or name another place with XDG_STATE_HOME
                    """
                )
            }
            try FileAccess.makeFolder(path, mode: 0o700)
        } catch let error as SystemError {
            let cause = SystemError.text(error.code)
            throw .failed("cannot make the folder \(path): \(cause); XDG_STATE_HOME names a place that can be written")
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw .failed("\(error)")
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_uid == geteuid() else {
            throw .failed("the folder \(path) belongs to another user; XDG_STATE_HOME names another place")
        }
        if status.st_mode & 0o077 != 0 { chmod(path, 0o700) }
    }

    /// A file of the cluster at a place.
    static func file(_ place: String, _ suffix: String) -> String { "\(path)/up-\(slug(place))\(suffix)" }

    /// A place as a part of a file's name. Paths have no bound and no letters to spare, so those are hashed.
    private static func slug(_ place: String) -> String {
        guard place.hasPrefix("ipc-") else { return String(place.map { $0 == "/" ? "-" : $0 }.prefix(200)) }
        // FNV-1a
        let hash = place.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return "ipc-" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
