internal import CCascadeKernels
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import Synchronization

/// Reads a large buffer with a number of threads: what the memory of this machine gives, to hold passes against.
///
/// Not `Sendable`: belongs to the thread that made it; its other threads sleep between reads.
final class MemoryReader {
    /// Bytes of one read: far more than any cache holds.
    static let defaultByteCount = 512 << 20

    /// Bytes of one read.
    let byteCount: Int
    /// What all words of the buffer add up to, modulo 2^64.
    let expectedSum: UInt64
    private let crew: WorkerCrew
    private let total: Total

    /// The sum of all threads; shared with them.
    private final class Total: Sendable {
        let sum = Atomic<UInt64>(0)
    }

    /// Writes the buffer once, so that every page of it is there, and starts the threads.
    ///
    /// - Parameters:
    ///   - byteCount: a multiple of 64.
    ///   - kernels: name of the kernel set whose loads are used; nil takes the best.
    init(byteCount: Int = defaultByteCount, threads: Int, kernels: String? = nil) throws(ModelError) {
        precondition(byteCount > 0 && byteCount % 64 == 0, "\(byteCount) is no multiple of 64")
        guard let reader = kernels.map({ csk_select_reader($0) }) ?? csk_select_reader(nil) else {
            throw .unknownKernels(kernels ?? "")
        }
        let memory = try MappedMemory(byteCount: byteCount, purpose: "a read of memory")
        let words = memory.base.bindMemory(to: UInt64.self, capacity: byteCount / 8)
        for index in 0..<byteCount / 8 { words[index] = UInt64(truncatingIfNeeded: index) }
        let count = UInt64(byteCount / 8)
        // 0 + 1 + … + (count - 1); one of the two factors is even.
        expectedSum = count % 2 == 0 ? (count / 2) &* (count &- 1) : count &* ((count &- 1) / 2)
        self.byteCount = byteCount
        let total = Total()
        self.total = total
        let blocks = byteCount / 64
        crew = try WorkerCrew(count: threads) { thread in
            let first = blocks * thread / threads
            let last = blocks * (thread + 1) / threads
            let sum = reader(memory.base + first * 64, (last - first) * 64)
            total.sum.wrappingAdd(sum, ordering: .relaxed)
        }
    }

    /// Reads the buffer once; nanoseconds that it took. Traps when the threads have read anything else than the buffer.
    func read() -> UInt64 {
        total.sum.store(0, ordering: .relaxed)
        let start = MonotonicClock.now().nanoseconds
        crew.run()
        let nanoseconds = MonotonicClock.now().nanoseconds - start
        precondition(total.sum.load(ordering: .relaxed) == expectedSum, "the read of memory missed a part")
        return nanoseconds
    }
}
