internal import CascadeHost
internal import Dispatch
internal import Synchronization

/// One OS thread that owns a process's ZeroMQ socket and drives a handler on it.
///
/// Frames are opaque here: `[UInt8]`s that are copied in and out. The handler is confined to the thread, other threads
/// use a `ReactorHandle`. A reactor runs until it is stopped, whether or not anybody still holds it.
///
/// What it bounds: frames of a message, bytes of a frame and of a message, what peers begin and do not finish, messages
/// and bytes queued per peer, connections, work per turn, time for a handshake, silence on a connection, time to shut
/// down; see `TransportOptions`. A connection that breaks a limit is ended. On ipc, where every peer is a process of
/// this user, unfinished messages and queued bytes are not counted, see `ConnectionTable`. Without keys
/// (`TransportSecurity`) listen on loopback or ipc only, see `Endpoint.isLoopback`: a peer that is no ZeroMQ program
/// may be taken for one of ZMTP 1 and its bytes be delivered as frames, which handlers must check.
///
/// What it does not promise: a message can be lost with its connection, also after `SendResult.sent`, and also when it
/// has reached a dealer's process but not yet its handler. What is delivered is whole, and in order per connection.
package final class Reactor: Sendable {
    /// The endpoint the socket listens on (with the port that was chosen) or connects to.
    package let boundEndpoint: String
    /// What other threads wake and stop the reactor with.
    package let handle: ReactorHandle
    private let life: Life

    private init(boundEndpoint: String, handle: ReactorHandle, life: Life) {
        self.boundEndpoint = boundEndpoint
        self.handle = handle
        self.life = life
    }

    /// Starts a reactor. When this returns, a router listens and a dealer has begun to connect.
    /// - Parameters:
    ///   - security: keys; a router with keys needs a context that no other router with keys uses.
    ///   - name: the thread's name, of which 15 bytes count.
    ///   - context: shared by reactors that talk over `inproc://`; nil gives the reactor one of its own.
    ///   - makeHandler: called once, on the reactor's thread, after this has returned or just before.
    /// - Throws: `badEndpoint`, `badOption`, and what listening can fail with.
    package static func start(
        role: SocketRole,
        options: TransportOptions = TransportOptions(),
        security: TransportSecurity = .none,
        name: String,
        context: ZMQContext? = nil,
        makeHandler: @escaping @Sendable (ReactorHandle) -> any ReactorHandler
    ) throws(TransportError) -> Reactor {
        try options.validate()
        let isRouter: Bool
        let endpoint: Endpoint
        switch role {
        case .router(let bind): (isRouter, endpoint) = (true, try Endpoint(parsing: bind, for: .bind))
        case .dealer(let connect): (isRouter, endpoint) = (false, try Endpoint(parsing: connect, for: .connect))
        }
        let handle = try ReactorHandle()
        let life = Life()
        try startThread(name: name) {
            let cause = live(life, handle, makeHandler) { () throws(TransportError) in
                try ReactorLoop(
                    endpoint: endpoint,
                    isRouter: isRouter,
                    options: options,
                    security: security,
                    handle: handle,
                    zeroMQ: context
                )
            }
            life.end(cause)
        }
        return Reactor(boundEndpoint: try life.opened(), handle: handle, life: life)
    }

    private static func startThread(
        name: String,
        _ body: @escaping @Sendable () -> Void
    ) throws(TransportError) {
        do throws(HostError) { try OSThread.start(name: name, body) } catch { throw .host(error) }
    }

    /// The thread's whole life, in a function of its own: loop and handler are gone when it returns.
    private static func live(
        _ life: Life,
        _ handle: ReactorHandle,
        _ makeHandler: @Sendable (ReactorHandle) -> any ReactorHandler,
        _ open: () throws(TransportError) -> ReactorLoop
    ) -> StopCause {
        do throws(TransportError) {
            let loop = try open()
            life.open(.success(loop.context.boundEndpoint))
            return loop.run(makeHandler(handle))
        } catch {
            life.open(.failure(error))
            return .failed(error)
        }
    }

    /// Makes the reactor call `ReactorHandler.woken` soon; see `ReactorHandle.wake`.
    package func wake() {
        handle.wake()
    }

    /// Makes the reactor stop; returns at once. The first reason stands. See `join` and `waitUntilStopped`.
    package func stop(_ reason: String) {
        handle.stop(reason)
    }

    /// Blocks until the reactor has stopped, its handler is released and its sockets are closed. Not from a handler,
    /// and not from a task (that would hold a thread of the cooperative pool): there, use `waitUntilStopped`.
    @discardableResult
    package func join() -> StopCause {
        life.finished.wait()
        return life.cause
    }

    /// Suspends until the reactor has stopped. Cancelling the task does not stop it: call `stop` in
    /// `withTaskCancellationHandler`.
    @discardableResult
    package func waitUntilStopped() async -> StopCause {
        await withCheckedContinuation { continuation in
            life.finished.notify(queue: .global()) { continuation.resume() }
        }
        return life.cause
    }
}

extension Reactor {
    /// The two moments of the thread's life that others wait for.
    private final class Life: Sendable {
        let finished = DispatchGroup()
        private let openedSignal = DispatchSemaphore(value: 0)
        private let openedResult = Mutex<Result<String, TransportError>?>(nil)
        private let stopCause = Mutex<StopCause?>(nil)

        init() {
            finished.enter()
        }

        func open(_ result: Result<String, TransportError>) {
            openedResult.withLock { $0 = result }
            openedSignal.signal()
        }

        /// Blocks until the socket is open (milliseconds).
        func opened() throws(TransportError) -> String {
            openedSignal.wait()
            guard let result = openedResult.withLock({ $0 }) else {
                preconditionFailure("signalled without a result")
            }
            return try result.get()
        }

        func end(_ cause: StopCause) {
            stopCause.withLock { $0 = cause }
            finished.leave()
        }

        /// Only after `finished`.
        var cause: StopCause {
            guard let cause = stopCause.withLock({ $0 }) else { preconditionFailure("still running") }
            return cause
        }
    }
}
