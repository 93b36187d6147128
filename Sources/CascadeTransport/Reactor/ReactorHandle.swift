internal import CZeroMQ
internal import Glibc
internal import Synchronization

/// The part of a reactor that any thread may use: it wakes and stops. Valid for as long as it is held.
package final class ReactorHandle: Sendable {
    /// An eventfd in the reactor's poll set. (A socket cannot serve: it must not be shared between threads.)
    let descriptor: Int32
    private let wakeRequested = Atomic<Bool>(false)
    private let reason = Mutex<String?>(nil)

    init() throws(TransportError) {
        descriptor = eventfd(0, csz_eventfd_flags)
        if descriptor < 0 {
            throw .system(operation: "eventfd", code: errno, message: String(cString: strerror(errno)))
        }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the reactor call `ReactorHandler.woken` soon. Calls before that are coalesced and cost no system call.
    ///
    /// What the caller wants to hand over must be where the handler finds it (behind a lock) before this is called.
    package func wake() {
        if !wakeRequested.exchange(true, ordering: .acquiringAndReleasing) {
            signal()
        }
    }

    /// Makes the reactor stop. The first reason stands; further calls do nothing.
    package func stop(_ reason: String) {
        self.reason.withLock { $0 = $0 ?? reason }
        signal()
    }

    /// The reason given to `stop`; nil while nobody has asked.
    package var stopReason: String? {
        reason.withLock { $0 }
    }

    /// Takes the wake-up signal back; true if `wake` was called since the last time. Reactor thread only.
    func takeWake() -> Bool {
        var count: UInt64 = 0
        // The descriptor first, the flag second: a wake in between signals again, and none is lost.
        _ = read(descriptor, &count, 8)
        return wakeRequested.exchange(false, ordering: .acquiringAndReleasing)
    }

    private func signal() {
        var one: UInt64 = 1
        // Fails only when the counter is at its maximum, and then it is readable already.
        _ = write(descriptor, &one, 8)
    }
}
