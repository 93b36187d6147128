internal import CascadeTransport
internal import Dispatch
internal import Synchronization

/// A thread that is got before what it will do is begun: what has begun is then never without it.
final class WaitingThread: Sendable {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)
    private let decided = DispatchSemaphore(value: 0)

    /// Throws where no thread can be had.
    init(name: String) throws(CommandFailure) {
        do throws(TransportError) {
            try OSThread.start(name: name) { [self] in
                decided.wait()
                body.withLock { body in
                    defer { body = nil }
                    return body
                }?()
            }
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Has the thread do something; once.
    func run(_ body: @escaping @Sendable () -> Void) {
        self.body.withLock { $0 = body }
        decided.signal()
    }

    /// Ends the thread, which is not needed.
    func dismiss() {
        decided.signal()
    }
}
