internal import CCascadeKernels

/// The KV cache's memory: pages of 64 tokens for all sequences of an engine, and which of them are free.
///
/// A page holds, layer by layer and key/value head by key/value head, 64 keys and then 64 values of a head as binary16
/// (layout: `csk_kernels.store_keys`). Not `Sendable`: belongs to its engine's thread.
final class PagePool {
    /// Tokens of a page.
    static let pageTokens = Int(CSK_PAGE_TOKENS)

    /// Pages in all.
    let count: Int
    /// Bytes of one head's keys and values in a page.
    let headByteCount: Int
    private let pageByteCount: Int
    private let memory: MappedMemory
    /// Free pages; the last one is handed out next.
    private var free: [Int32]

    init(tokens: Int, configuration: ModelConfiguration) throws(ModelError) {
        count = (tokens + PagePool.pageTokens - 1) / PagePool.pageTokens
        headByteCount = 2 * PagePool.pageTokens * configuration.headSize * MemoryLayout<UInt16>.stride
        pageByteCount = headByteCount * configuration.keyValueHeads * configuration.layers
        let (bytes, overflow) = pageByteCount.multipliedReportingOverflow(by: count)
        guard !overflow, count <= Int32.max else { throw .outOfMemory(bytes: .max, purpose: "the KV cache") }
        memory = try MappedMemory(byteCount: bytes, purpose: "the KV cache")
        free = (0..<Int32(count)).reversed()
    }

    /// Pages that no sequence holds.
    var freeCount: Int { free.count }

    /// Takes a page; nil when none is free.
    func take() -> UnsafeRawPointer? {
        free.popLast().map { UnsafeRawPointer(memory.base + Int($0) * pageByteCount) }
    }

    /// Takes a page back.
    func giveBack(_ page: UnsafeRawPointer) {
        free.append(Int32((page - UnsafeRawPointer(memory.base)) / pageByteCount))
    }
}
