import Dispatch
import Foundation
import Synchronization

/// Bytes that wait: what comes in goes out in the same order, a fixed time later, however much is under way.
final class DelayLine: Sendable {
    private struct Entry {
        var due: ContinuousClock.Instant
        var bytes: [UInt8]?
    }

    private let delay: Duration
    private let entries = Mutex<[Entry]>([])
    private let filled = DispatchSemaphore(value: 0)
    private let free = DispatchSemaphore(value: 0)

    init(delay: Duration) {
        self.delay = delay
        // Enough for any delay of a test; then the sender waits, as on a real line. Counted up from 0: a semaphore must not
        // end below the value that it began with.
        for _ in 0..<1_024 { free.signal() }
    }

    /// Puts bytes in; nil is the end.
    func append(_ bytes: [UInt8]?) {
        free.wait()
        entries.withLock { $0.append(Entry(due: .now + delay, bytes: bytes)) }
        filled.signal()
    }

    /// Takes the next bytes out once their time has come; nil at the end.
    func next() -> [UInt8]? {
        filled.wait()
        let entry = entries.withLock { $0.removeFirst() }
        let left = ContinuousClock.now.duration(to: entry.due) / .microseconds(1)
        if left > 0 { usleep(UInt32(left)) }
        free.signal()
        return entry.bytes
    }
}
