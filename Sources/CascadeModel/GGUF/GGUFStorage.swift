internal import Foundation

/// The bytes of a GGUF file: a read-only mapping, or memory of its own.
///
/// `@unchecked Sendable`: the memory is written before `init` returns, never again, and freed in `deinit`, so threads
/// that hold a reference only ever read it. A file that somebody else cuts short while it is mapped faults on access:
/// model files are replaced by renaming, never rewritten in place.
final class GGUFStorage: @unchecked Sendable {
    /// Where a mapping may be dropped page by page.
    private enum Kind { case mapped, allocated }

    let bytes: UnsafeRawBufferPointer
    private let kind: Kind

    /// Copies bytes that came from elsewhere, on a 64-byte boundary.
    init(copying source: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: source.count, alignment: 64)
        memory.copyBytes(from: source)
        bytes = UnsafeRawBufferPointer(memory)
        kind = .allocated
    }

    /// Maps a regular file.
    init(mapping path: String) throws(GGUFError) {
        // Not blocking, so that a FIFO of that name is refused below instead of waited for.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw GGUFStorage.unreadable(path, GGUFStorage.reason(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw GGUFStorage.unreadable(path, GGUFStorage.reason(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw GGUFStorage.unreadable(path, "something else") }
        let count = Int(status.st_size)
        guard count > 0 else { throw GGUFStorage.unreadable(path, "an empty file") }
        guard let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw GGUFStorage.unreadable(path, GGUFStorage.reason(errno))
        }
        bytes = UnsafeRawBufferPointer(start: address, count: count)
        kind = .mapped
    }

    deinit {
        switch kind {
        case .mapped: munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
        case .allocated: bytes.deallocate()
        }
    }

    /// Gives back the memory of the pages that lie wholly inside `range`; they are read again when touched again.
    func dropPages(_ range: Range<Int>) {
        guard kind == .mapped, let base = bytes.baseAddress else { return }
        let page = sysconf(Int32(_SC_PAGESIZE))
        let start = (range.lowerBound + page - 1) / page * page
        // The file's last page has no neighbour to spare.
        let end = range.upperBound == bytes.count ? range.upperBound : range.upperBound / page * page
        guard start < end else { return }
        madvise(UnsafeMutableRawPointer(mutating: base + start), end - start, MADV_DONTNEED)
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }

    private static func unreadable(_ path: String, _ found: String) -> GGUFError {
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
