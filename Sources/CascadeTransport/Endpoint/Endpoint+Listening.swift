internal import Glibc

extension Endpoint {
    /// Looks at an ipc path before it is bound, because ZeroMQ deletes whatever lies there: a live socket of another
    /// process, or a plain file. A socket that nobody listens on is left for ZeroMQ to replace.
    ///
    /// The folder is the lock of an ipc socket: it must be this user's and closed to others, and is made so where it is
    /// missing.
    func checkBeforeBinding() throws(TransportError) {
        guard case .ipc(let path) = address, path != "*" else { return }
        guard !path.hasPrefix("@") else {
            throw .badEndpoint(
                endpoint: description,
                reason: "every user of this machine can open an abstract name; choose a path"
            )
        }
        try checkFolder(of: path)
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw .badEndpoint(
                endpoint: description,
                reason: "there is a file that is not a socket; choose another path"
            )
        }
        if Self.look(at: path) == .taken { throw .addressInUse(endpoint: description) }
    }

    private func checkFolder(of path: String) throws(TransportError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let parent = parts.dropLast().joined(separator: "/")
        let folder = parts.count == 1 ? "." : parent.isEmpty ? "/" : parent
        var status = stat()
        if stat(folder, &status) != 0 {
            // Folders above it are not made; listening then says that there is no such folder.
            guard mkdir(folder, 0o700) == 0, stat(folder, &status) == 0 else { return }
        }
        let mode = status.st_mode & 0o777
        guard status.st_uid == geteuid(), mode & 0o077 == 0 else {
            let owner = status.st_uid == geteuid() ? "" : ", of user \(status.st_uid)"
            throw .badEndpoint(
                endpoint: description,
                reason:
                    "other users can enter its folder \(folder) (mode 0\(String(mode, radix: 8))\(owner)); choose a "
                    + "folder with mode 0700 that only this user can enter; a missing one is made so"
            )
        }
    }

    /// Whether somebody listens on a socket; unreachable where this user may not know. Does not wait: a listener that
    /// takes nobody, as it stands still or has too much to do, is one all the same.
    static func look(at path: String) -> Occupancy {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return .unreachable(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // The path has at most 107 bytes, see `init(parsing:for:)`; the rest stays 0.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 ? 0 : errno
            }
        }
        return switch code {
        // EAGAIN: more wait there already than it lets wait.
        case 0, EAGAIN: .taken
        case EACCES, EPERM: .unreachable(String(cString: strerror(code)))
        default: .free
        }
    }
}
