internal import Foundation

/// Files as a whole, with errors that name path and cause.
package enum FileAccess {
    /// Reads a file, or whatever else can be read at a path, of up to `limit` bytes.
    package static func read(_ path: String, limit: Int = 1 << 30) throws(SystemError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("read", path) }
        defer { close(descriptor) }
        return try read(descriptor, name: path, limit: limit)
    }

    /// Reads a descriptor to its end, waiting for what comes. More than `limit` bytes are an error (`EFBIG`) as soon as
    /// that is known.
    package static func read(_ descriptor: Int32, name: String, limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(descriptor, &block, block.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                let code = errno
                if code == EINTR { continue }
                guard code == EAGAIN else { throw SystemError("read", name, code: code) }
                wait(descriptor, for: POLLIN)
                continue
            }
            guard bytes.count + count <= limit else { throw SystemError("read", name, code: EFBIG) }
            bytes += block[..<count]
        }
    }

    /// Writes a file that is there as a whole or not at all, whatever happens meanwhile. What is no regular file, such
    /// as a pipe or `/dev/stdout`, is written to as it is; a link stays one, and whoever could not read the file before
    /// cannot read it now.
    ///
    /// - Parameter mode: that of a file that was not there, less the umask.
    package static func write(
        _ bytes: some Collection<UInt8>,
        to path: String,
        mode: UInt32 = 0o666
    ) throws(SystemError) {
        let bytes = Array(bytes)
        var status = stat()
        let isThere = stat(path, &status) == 0
        // Links in a ring, or a file in a folder's place.
        guard isThere || errno == ENOENT else { throw SystemError("write", path) }
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw SystemError("write", path) }
            defer { close(descriptor) }
            return try write(bytes, to: descriptor, name: path)
        }
        let target = resolved(path)
        let draft = "\(target).\(getpid()).new"
        unlink(draft)
        // Never wider than it will be: who opens it once reads all that follows.
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isThere ? 0o600 : mode)
        guard descriptor >= 0 else { throw SystemError("write", path) }
        do throws(SystemError) {
            try write(bytes, to: descriptor, name: path)
            guard !isThere || hand(descriptor, to: status), fsync(descriptor) == 0 else {
                throw SystemError("write", path)
            }
        } catch {
            close(descriptor)
            unlink(draft)
            throw error
        }
        guard close(descriptor) == 0, rename(draft, target) == 0 else {
            let error = SystemError("write", path)
            unlink(draft)
            throw error
        }
    }

    /// Gives a file the group and the mode of the one whose place it takes. Where it cannot have the group, that loses
    /// its rights, and keeps those that all others have: it is among them now.
    private static func hand(_ descriptor: Int32, to status: stat) -> Bool {
        var mode = status.st_mode & 0o777
        if fchown(descriptor, uid_t.max, status.st_gid) != 0 { mode &= 0o700 | mode >> 3 & 0o7 }
        return fchmod(descriptor, mode) == 0
    }

    /// Writes all of the bytes, waiting where the other side is slow.
    package static func write(_ bytes: [UInt8], to descriptor: Int32, name: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                written += count
                continue
            }
            let code = errno
            if code == EINTR { continue }
            guard code == EAGAIN else { throw SystemError("write to", name, code: code) }
            wait(descriptor, for: POLLOUT)
        }
    }

    /// Makes a folder and what leads to it, where they are missing.
    package static func makeFolder(_ path: String, mode: UInt32 = 0o777) throws(SystemError) {
        var parent = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: true) {
            parent += (parent.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            guard mkdir(parent, mode) != 0, errno != EEXIST else { continue }
            let code = errno
            // A read-only file system says so of folders that are there, too.
            if isFolder(parent) { continue }
            throw SystemError("make the folder", path, code: code)
        }
        guard isFolder(path) else { throw SystemError("make the folder", path, code: ENOTDIR) }
    }

    /// Whether there is something at a path.
    ///
    /// - Throws: where that cannot be seen: what lies in another user's folder may be there or not.
    package static func isThere(_ path: String) throws(SystemError) -> Bool {
        var status = stat()
        if stat(path, &status) == 0 { return true }
        guard SystemError.meansNothingThere(errno) else { throw SystemError("look at", path) }
        return false
    }

    /// Whose folder root would make a missing one in, where that is neither root nor the user who runs this: as with
    /// `sudo` that keeps `HOME`. nil where the folder is there, or nobody would be locked out.
    package static func strangerAbove(_ path: String) -> UInt32? {
        guard geteuid() == 0 else { return nil }
        var status = stat()
        guard stat(path, &status) != 0 else { return nil }
        var parent = URL(filePath: path, directoryHint: .notDirectory).deletingLastPathComponent().path
        while stat(parent, &status) != 0 {
            guard parent != "/" else { return nil }
            parent = URL(filePath: parent, directoryHint: .notDirectory).deletingLastPathComponent().path
        }
        return status.st_uid == 0 ? nil : status.st_uid
    }

    /// Whether there is a folder at a path.
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The file that a path leads to over links, whether it is there or not.
    private static func resolved(_ path: String) -> String {
        var path = path
        // As many links as the system follows.
        for _ in 0..<40 {
            if let real = realPath(path) { return real }
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { return path }
            let slash = target.hasPrefix("/") ? nil : path.lastIndex(of: "/")
            path = (slash.map { String(path[...$0]) } ?? "") + target
        }
        return path
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    private static func wait(_ descriptor: Int32, for events: Int32) {
        var question = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        poll(&question, 1, -1)
    }
}
