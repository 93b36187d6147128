internal import CZeroMQ
internal import Glibc

/// Threads of the operating system: what waits in ZeroMQ must not wait on Swift's cooperative pool.
enum OSThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Runs `body` on a thread of its own, which takes no signals.
    /// - Parameter name: shown by debuggers and top; 15 bytes of it count.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(TransportError) {
        let shortName = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        let box = Unmanaged.passRetained(
            Body {
                blockSignals()
                pthread_setname_np(pthread_self(), shortName)
                body()
            }
        )
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            },
            box.toOpaque()
        )
        guard code == 0 else {
            box.release()
            throw .system(operation: "pthread_create", code: code, message: String(cString: strerror(code)))
        }
        pthread_detach(thread)
    }

    /// A signal that interrupts ZeroMQ can leave a message stuck in its queue; signals go to other threads. Those that
    /// a fault of this very thread raises stay open, so that a crash is reported.
    private static func blockSignals() {
        var signals = sigset_t()
        sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS] {
            sigdelset(&signals, fault)
        }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}
