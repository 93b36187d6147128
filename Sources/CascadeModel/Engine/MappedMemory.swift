internal import Glibc

/// Anonymous memory on a 2 MB boundary, in huge pages where the system has them (8 to 16 % faster to stream weights
/// from), zero until written. Address space that is never touched costs nothing.
///
/// `@unchecked Sendable`: this class only owns the address range; who writes where and when is its owner's affair.
package final class MappedMemory: @unchecked Sendable {
    private static let boundary = 2 << 20

    /// First byte, on a 2 MB boundary.
    package let base: UnsafeMutableRawPointer
    /// Usable bytes.
    package let byteCount: Int
    private let mapping: UnsafeMutableRawBufferPointer

    /// Maps that many bytes; the error names what they are for.
    package init(byteCount: Int, purpose: String) throws(ModelError) {
        let (padded, overflow) = byteCount.addingReportingOverflow(2 * MappedMemory.boundary)
        guard byteCount >= 0, !overflow,
            let address = mmap(nil, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
            address != MAP_FAILED
        else { throw .outOfMemory(bytes: byteCount, purpose: purpose) }
        mapping = UnsafeMutableRawBufferPointer(start: address, count: padded)
        base = address.alignedUp(toMultipleOf: MappedMemory.boundary)
        self.byteCount = byteCount
        // Advice: where it is not taken, pages are small.
        madvise(base, byteCount, MADV_HUGEPAGE)
    }

    deinit {
        munmap(mapping.baseAddress, mapping.count)
    }
}

/// Hands out consecutive parts of a stretch of memory, each on a 64-byte boundary. Run once without a base to learn
/// the size, and once with one.
struct MemoryLayoutPlan {
    private(set) var byteCount = 0

    /// Offset of the next `count` elements of `type`.
    mutating func reserve<Element>(_ count: Int, of type: Element.Type) -> Int {
        let offset = byteCount
        byteCount += (count * MemoryLayout<Element>.stride + 63) / 64 * 64
        return offset
    }
}
