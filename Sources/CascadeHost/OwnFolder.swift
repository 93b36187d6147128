internal import Foundation

/// A folder of this user alone, for small files, in a place such as `/tmp` that others write to as well: they can
/// foretell its name and be there first.
///
/// What others could have put there counts for nothing: where the folder is not this user's alone, nothing is read and
/// nothing is written. ``check()`` says why.
package struct OwnFolder: Sendable, Equatable {
    /// Most bytes of a file.
    private static let fileLimit = 1 << 16

    /// Where it is.
    package let path: String

    /// The folder at a path; nothing is looked at yet.
    package init(_ path: String) {
        self.path = path
    }

    /// Makes the folder where it is missing, with mode 0700 whatever the umask.
    ///
    /// - Throws: where it is not this user's alone.
    package func check() throws(OwnPlaceError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw OwnPlaceError(path: path, cause: SystemError.text(errno), isFolder: true)
        }
        try verify()
    }

    /// Throws unless it is there and this user's alone. One of this user's that is open to others is closed: whoever
    /// was in it before finds that no file of theirs counts.
    private func verify() throws(OwnPlaceError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        defer { if descriptor >= 0 { close(descriptor) } }
        var status = stat()
        if descriptor >= 0, fstat(descriptor, &status) == 0, status.st_uid == geteuid(), status.st_mode & 0o077 != 0 {
            fchmod(descriptor, 0o700)
        }
        // By its name too: another user's, or a link, cannot be opened.
        guard lstat(path, &status) == 0 else {
            throw OwnPlaceError(path: path, cause: SystemError.text(errno), isFolder: true)
        }
        try OwnPlaceError.check(status, S_IFDIR, path)
    }

    private var isOwn: Bool { (try? verify()) != nil }

    /// The names of the files in it.
    package func names() -> [String] {
        isOwn ? (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] : []
    }

    /// What a file says; nil for what is none, or not this user's.
    package func read(_ name: String) -> [UInt8]? {
        guard isOwn else { return nil }
        return RecordFile.read("\(path)/\(name)", beside: path, limit: Self.fileLimit)?.bytes
    }

    /// Puts a file in its place as a whole, without waiting for the disk; does nothing where that cannot be done.
    package func write(_ bytes: [UInt8], to name: String) {
        guard (try? check()) != nil else { return }
        RecordFile.write(bytes, to: "\(path)/\(name)", mode: 0o600)
    }

    /// Removes a file.
    package func remove(_ name: String) {
        if isOwn { unlink("\(path)/\(name)") }
    }
}

/// Files of this user alone in folders that others write to as well.
package enum OwnFile {
    /// Opens a file to read and write it, such as one to lock; makes it with mode 0600 where it is missing. Links are
    /// not followed.
    ///
    /// - Throws: where it is not this user's alone.
    package static func open(_ path: String) throws(OwnPlaceError) -> Int32 {
        // Not blocking: others may have put a device there.
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let descriptor = Foundation.open(path, flags, 0o600)
        guard descriptor >= 0 else {
            throw OwnPlaceError(path: path, cause: SystemError.text(errno), isFolder: false)
        }
        do throws(OwnPlaceError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw OwnPlaceError(path: path, cause: SystemError.text(errno), isFolder: false)
            }
            try OwnPlaceError.check(status, S_IFREG, path)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }
}

/// A file or folder in a place of everybody's that is not this user's alone.
package struct OwnPlaceError: Error, Equatable, CustomStringConvertible {
    private let path: String
    private let cause: String
    private let isFolder: Bool

    fileprivate init(path: String, cause: String, isFolder: Bool) {
        (self.path, self.cause, self.isFolder) = (path, cause, isFolder)
    }

    package var description: String { "the \(isFolder ? "folder" : "file") \(path) cannot be used: \(cause)" }

    /// Throws unless something is of a type, this user's, and closed to others.
    fileprivate static func check(_ status: stat, _ type: mode_t, _ path: String) throws(OwnPlaceError) {
        let isFolder = type == S_IFDIR
        func fault(_ cause: String) -> OwnPlaceError {
            OwnPlaceError(path: path, cause: cause, isFolder: isFolder)
        }
        let elsewhere = "name another place for such files with TMPDIR"
        guard status.st_uid == geteuid() else {
            throw fault("it is another user's (\(status.st_uid)), who or root can remove it; or \(elsewhere)")
        }
        guard status.st_mode & S_IFMT == type else {
            throw fault("it is no \(isFolder ? "folder" : "file"); remove it, or \(elsewhere)")
        }
        let mode = String(status.st_mode & 0o777, radix: 8)
        guard status.st_mode & 0o077 == 0 else {
            throw fault("it is open to others (mode 0\(mode)); remove it ('rm -r \(path)'), or \(elsewhere)")
        }
    }
}
