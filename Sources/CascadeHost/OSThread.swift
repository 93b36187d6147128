internal import CCascadeHost
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Threads of the operating system: what waits in ZeroMQ, or for a child's end, must not wait on Swift's cooperative
/// pool. Unlike Foundation's, they say when they cannot be had.
package enum OSThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Runs `body` on a thread of its own, which takes no signals.
    /// - Parameter name: shown by debuggers and top; 15 bytes of it count.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(HostError) {
        let shortName = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        let thread = try create {
            csh_name_thread(shortName)
            body()
        }
        pthread_detach(thread)
    }

    /// Throws where so many threads more cannot be had at this moment: ZeroMQ, libdispatch and Swift's pool start some
    /// of their own, and abort or try for ever where they get none.
    package static func checkRoom(for count: Int) throws(HostError) {
        let gate = DispatchSemaphore(value: 0)
        var threads: [pthread_t] = []
        defer {
            for _ in threads { gate.signal() }
            for thread in threads { pthread_join(thread, nil) }
        }
        for _ in 0..<count { threads.append(try create { gate.wait() }) }
    }

    private static func create(_ body: @escaping @Sendable () -> Void) throws(HostError) -> pthread_t {
        let box = Unmanaged.passRetained(
            Body {
                blockSignals()
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
            let hint = ", perhaps for the limit of processes (ulimit -u, a container's pids limit)"
            let cause = SystemError.text(code) + (code == EAGAIN ? hint : "")
            throw HostError("starting a thread failed: \(cause) (errno \(code))")
        }
        return thread
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

/// A thread that is got before what it will do is begun: what has begun is then never without it.
package final class WaitingThread: Sendable {
    private let body = Mutex<(@Sendable () -> Void)?>(nil)
    private let decided = DispatchSemaphore(value: 0)

    /// Throws where no thread can be had.
    package init(name: String) throws(HostError) {
        try OSThread.start(name: name) { [self] in
            decided.wait()
            body.withLock { body in
                defer { body = nil }
                return body
            }?()
        }
    }

    /// Has the thread do something; once.
    package func run(_ body: @escaping @Sendable () -> Void) {
        self.body.withLock { $0 = body }
        decided.signal()
    }

    /// Ends the thread, which is not needed.
    package func dismiss() {
        decided.signal()
    }
}

/// A flag that any thread may raise for others to see; it stays up.
package final class RaisedFlag: Sendable {
    private let raised = Atomic(false)

    /// Creates a flag that is down.
    package init() {}

    /// Whether the flag is up.
    package var isRaised: Bool { raised.load(ordering: .relaxed) }

    /// Puts the flag up.
    package func raise() { raised.store(true, ordering: .relaxed) }
}
