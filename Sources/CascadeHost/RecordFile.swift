package import Foundation

/// A small file beside another one that keeps what was found out about it.
///
/// It counts only where nobody could write it but this user, root and who owns the other file: whoever else may write
/// into the folder has no say. Where it cannot be written there is none, which costs some time and nothing else.
package enum RecordFile {
    /// What a record says, and what the system says of the record.
    ///
    /// - Parameter limit: its bytes are fewer; whatever else lies there is none.
    package static func read(_ place: String, beside path: String, limit: Int) -> (bytes: [UInt8], status: stat)? {
        // Nobody waits for a FIFO, and a link says nothing about who made it.
        let descriptor = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, isTrusted(status, beside: path),
            let bytes = try? FileAccess.read(descriptor, name: place, limit: limit)
        else { return nil }
        return (bytes, status)
    }

    /// Whether a record is of somebody who could as well have written another file in the other's place.
    private static func isTrusted(_ record: stat, beside path: String) -> Bool {
        guard record.st_mode & (S_IWGRP | S_IWOTH) == 0 else { return false }
        if [0, geteuid()].contains(record.st_uid) { return true }
        var other = stat()
        return stat(path, &other) == 0 && other.st_uid == record.st_uid
    }

    /// Puts a record in its place.
    package static func write(_ bytes: [UInt8], to place: String, mode: UInt32 = 0o644) {
        let draft = "\(place).\(UInt32.random(in: 0...UInt32.max)).new"
        // Narrow from its beginning: whoever changed its rights by its name later could be led to another file.
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return }
        let isWritten = (try? FileAccess.write(bytes, to: descriptor, name: place)) != nil
        if close(descriptor) != 0 || !isWritten || rename(draft, place) != 0 { unlink(draft) }
    }
}
