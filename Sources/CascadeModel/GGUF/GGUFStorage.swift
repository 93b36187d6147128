internal import Glibc
internal import Synchronization

/// The bytes of a GGUF file: an open file that is read when somebody asks for a part, or memory.
///
/// A file is never mapped: one that changes or shrinks while it is in use is then an error in words, where a mapping
/// would hand out other bytes or end the process.
///
/// `@unchecked Sendable`: ``bytes`` grows while ``GGUFFile`` reads the header, on one thread and before anybody else
/// has the storage; from then on it is only read, until `deinit` frees it.
final class GGUFStorage: @unchecked Sendable {
    /// The most bytes of a header that are taken into memory; those of large vocabularies have 20 MB.
    static let headerLimit = 1 << 28

    /// The file's path, or the name given with the bytes.
    let path: String
    /// Bytes in all.
    let byteCount: Int
    /// What the file was when it was opened; nil for memory.
    let stamp: FileStamp?
    /// The bytes that are in memory, from the start on: all that do not come from a file.
    private(set) var bytes: UnsafeRawBufferPointer
    /// -1 for memory, and once the file is closed.
    private let descriptor: Atomic<CInt>

    /// Copies bytes that came from elsewhere.
    init(copying source: [UInt8], name: String) {
        path = name
        byteCount = source.count
        stamp = nil
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
        memory.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(memory)
        descriptor = Atomic(-1)
    }

    /// Opens a regular file.
    init(opening path: String) throws(GGUFError) {
        // Not blocking, so that a FIFO of that name is refused below instead of waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path, found: GGUFStorage.reason(errno)) }
        var status = stat()
        let problem: String? =
            if fstat(descriptor, &status) != 0 {
                GGUFStorage.reason(errno)
            } else if status.st_mode & S_IFMT != S_IFREG {
                "something else"
            } else {
                status.st_size == 0 ? "an empty file" : nil
            }
        if let problem {
            close(descriptor)
            throw .unreadable(path, found: problem)
        }
        self.path = path
        byteCount = Int(status.st_size)
        stamp = FileStamp(status)
        bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        self.descriptor = Atomic(descriptor)
    }

    deinit {
        closeDescriptor()
        bytes.deallocate()
    }

    /// Brings at least the first `end` bytes, which exist, into memory.
    func load(upTo end: Int) throws(GGUFError) {
        guard end > bytes.count else { return }
        guard end <= GGUFStorage.headerLimit else {
            let expected = "a header of at most \(GGUFStorage.headerLimit) bytes"
            throw GGUFError(
                code: .malformed,
                path: path,
                subject: "header",
                offset: bytes.count,
                expected: expected,
                found: "more"
            )
        }
        try resize(to: min(byteCount, max(end, 2 * bytes.count, 1 << 20)))
    }

    /// Gives back the memory behind the first `end` bytes of a file.
    func trim(to end: Int) throws(GGUFError) {
        if stamp != nil { try resize(to: end) }
    }

    private func resize(to count: Int) throws(GGUFError) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
        let kept = min(bytes.count, count)
        memory.copyBytes(from: bytes[..<kept])
        do throws(GGUFError) {
            try read(kept..<count, into: UnsafeMutableRawBufferPointer(rebasing: memory[kept...]))
        } catch {
            memory.deallocate()
            throw error
        }
        bytes.deallocate()
        bytes = UnsafeRawBufferPointer(memory)
    }

    /// Reads the bytes at `range`, which lies inside the file, into memory of that size.
    func read(_ range: Range<Int>, into memory: UnsafeMutableRawBufferPointer) throws(GGUFError) {
        precondition(memory.count == range.count && 0..<byteCount + 1 ~= range.upperBound, "bytes outside the file")
        guard stamp != nil else { return memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range])) }
        let descriptor = descriptor.load(ordering: .relaxed)
        var done = 0
        while done < range.count {
            let part = UnsafeMutableRawBufferPointer(rebasing: memory[done...])
            let count = pread(descriptor, part.baseAddress, part.count, off_t(range.lowerBound + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path, found: GGUFStorage.reason(errno)) }
            guard count > 0 else { throw changed("it ends at byte \(range.lowerBound + done) of \(byteCount)") }
            done += count
        }
    }

    /// Throws when the file is no longer what it was when it was opened: what was read may then be of two files.
    func checkUnchanged() throws(GGUFError) {
        guard let stamp else { return }
        var status = stat()
        guard fstat(descriptor.load(ordering: .relaxed), &status) == 0 else {
            throw .unreadable(path, found: GGUFStorage.reason(errno))
        }
        let now = FileStamp(status)
        if now.bytes != stamp.bytes { throw changed("\(now.bytes) bytes, before \(stamp.bytes)") }
        if !now.hasSameContent(as: stamp) { throw changed("somebody wrote to it") }
    }

    /// Closes the file: what is in memory stays, nothing else can be read.
    func closeDescriptor() {
        let descriptor = descriptor.exchange(-1, ordering: .relaxed)
        if descriptor >= 0 { close(descriptor) }
    }

    private func changed(_ found: String) -> GGUFError {
        GGUFError(
            code: .changed,
            path: path,
            subject: "file",
            offset: nil,
            expected: "no change while it is read; put a new file in place by renaming it",
            found: found
        )
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension GGUFError {
    fileprivate static func unreadable(_ path: String, found: String) -> GGUFError {
        GGUFError(
            code: .unreadable,
            path: path,
            subject: "file",
            offset: nil,
            expected: "a readable regular file",
            found: found
        )
    }
}
