internal import Glibc

/// What tells one state of a file from another without reading it.
struct FileStamp: Equatable, Sendable, CustomStringConvertible {
    /// Its size.
    let bytes: Int
    /// Which file of its file system it is.
    let inode: UInt64
    /// When somebody last wrote to it, in nanoseconds since 1970; anybody who may write can set it back.
    let modified: Int
    /// When it, its name or its attributes last changed, in nanoseconds since 1970; nobody can set it back.
    let changed: Int

    init(_ status: stat) {
        bytes = Int(status.st_size)
        inode = UInt64(status.st_ino)
        modified = FileStamp.nanoseconds(status.st_mtim)
        changed = FileStamp.nanoseconds(status.st_ctim)
    }

    /// Whether nobody wrote to the file in between; a new name or other permissions are no matter.
    func hasSameContent(as other: FileStamp) -> Bool {
        (bytes, inode, modified) == (other.bytes, other.inode, other.modified)
    }

    var description: String { "\(bytes) \(inode) \(modified) \(changed)" }

    private static func nanoseconds(_ time: timespec) -> Int {
        Int(time.tv_sec) &* 1_000_000_000 &+ Int(time.tv_nsec)
    }
}
