internal import CascadeHost
internal import Foundation

/// Files with secrets, and the folders they lie in: others must not get at them.
///
/// A file must be this user's or root's, and closed to group and others (mode 0600 or 0400). Below `/run/secrets`,
/// where containers find their secrets as root's files with mode 0444, reading is open on purpose and only writing is
/// not.
package enum PrivateFile {
    private static let secretsFolder = "/run/secrets"

    /// Reads a file of up to `limit` bytes; the error names the path and the way out.
    static func read(_ path: String, limit: Int) throws(KeyError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .failed("cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .failed("cannot read \(path): it is no file")
        }
        if let problem = problem(status, at: path, mode: "600") {
            throw .failed("\(path) holds a secret, but \(problem)")
        }
        guard status.st_size <= limit else { throw .failed("\(path) has \(status.st_size) bytes, at most \(limit)") }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let got = bytes[count...].withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, $0.count) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { break }
            count += got
        }
        guard count <= limit else { throw .failed("\(path) has more than \(limit) bytes") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Writes a file with mode 0600 that is there as a whole or not at all, whatever happens meanwhile.
    static func write(_ text: String, to path: String) throws(KeyError) {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .failed("cannot write \(path): \(String(cString: strerror(errno)))") }
        let bytes = Array(text.utf8)
        let isWritten = Foundation.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let reason = String(cString: strerror(isWritten ? errno : code))
            unlink(temporary)
            throw .failed("cannot write \(path): \(reason)")
        }
    }

    /// Makes a folder with mode 0700 where it is missing; one that is there must be closed to others.
    static func makeFolder(_ path: String) throws(KeyError) {
        do {
            try FileAccess.makeFolder(path, mode: 0o700)
        } catch {
            throw .failed("\(error)")
        }
        try checkFolder(path)
    }

    /// Throws unless a folder is closed to others.
    static func checkFolder(_ path: String) throws(KeyError) {
        var status = stat()
        let isThere = stat(path, &status) == 0
        guard isThere || SystemError.meansNothingThere(errno) else { throw .failed("\(SystemError("look at", path))") }
        guard isThere, status.st_mode & S_IFMT == S_IFDIR else { throw .failed("there is no folder \(path)") }
        if let problem = problem(status, at: path, mode: "700") {
            throw .failed("\(path) holds keys, but \(problem)")
        }
    }

    /// What keeps a file or folder from holding a secret, and the way out: a mode, or another owner.
    private static func problem(_ status: stat, at path: String, mode wanted: String) -> String? {
        let mode = status.st_mode & 0o777
        let text = "(mode 0\(String(mode, radix: 8)))"
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            return "it is another user's (\(status.st_uid)): take a copy of your own with mode \(wanted), or have root "
                + "give it to you ('chown \(geteuid()) \(path)')"
        }
        let wayOut = "'chmod \(wanted) \(path)' as its owner"
        if mode & 0o022 != 0 { return "others can write to it \(text); \(wayOut)" }
        if mode & 0o077 != 0, !isBelowSecrets(path) { return "others can read it \(text); \(wayOut)" }
        return nil
    }

    private static func isBelowSecrets(_ path: String) -> Bool {
        guard let real = realpath(path, nil) else { return false }
        defer { free(real) }
        let text = String(cString: real)
        return text == secretsFolder || text.hasPrefix(secretsFolder + "/")
    }
}
