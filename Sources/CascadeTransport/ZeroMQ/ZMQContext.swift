internal import CZeroMQ
internal import CascadeHost
internal import Glibc
internal import Synchronization

/// A ZeroMQ context: its I/O thread, and the namespace of `inproc://` endpoints.
///
/// A reactor makes its own as a rule. Only reactors of one process that talk over `inproc://` share one; it ends when
/// the last of them and its maker have let go of it.
package final class ZMQContext: Sendable {
    // Invariant: contexts are thread-safe (zmq_ctx_new(3)), and the pointer is valid until deinit.
    private nonisolated(unsafe) let raw: UnsafeMutableRawPointer
    private let ownEndpoints = Atomic<UInt64>(0)

    /// Threads that ZeroMQ starts with the first socket, and others that are wanted to hear of what comes.
    private static let threads = 6

    /// Creates a context with one I/O thread.
    package init() throws(TransportError) {
        // ZeroMQ aborts where it gets none.
        do throws(HostError) { try OSThread.checkRoom(for: Self.threads) } catch { throw .host(error) }
        // A router numbers its peers from where `rand` says, and nothing else sets that going. A peer may choose a
        // number itself: whoever foretells the next one ends the process, because ZeroMQ aborts when it is taken
        // (4.3.4).
        srand(UInt32.random(in: 0...UInt32.max))
        guard let raw = zmq_ctx_new() else { throw .zeroMQ("zmq_ctx_new") }
        self.raw = raw
        // One I/O thread moves about a gigabyte a second. BLOCKY 0: a socket whose linger was not set never holds
        // the end of the context up.
        zmq_ctx_set(raw, ZMQ_IO_THREADS, 1)
        zmq_ctx_set(raw, ZMQ_MAX_SOCKETS, 1023)
        zmq_ctx_set(raw, ZMQ_BLOCKY, 0)
        // A small part would hold the whole buffer that it came in.
        zmq_ctx_set(raw, csz_zero_copy_recv, 0)
    }

    /// Blocks until every socket is closed and has lingered: closed sockets' linger is bounded, so this ends.
    deinit {
        while zmq_ctx_term(raw) != 0 && zmq_errno() == EINTR {}
    }

    func makeSocket(_ kind: Int32) -> UnsafeMutableRawPointer? {
        zmq_socket(raw, kind)
    }

    /// An inproc endpoint that nothing else in this context uses.
    func nextOwnEndpoint() -> String {
        "inproc://cascade.own.\(ownEndpoints.add(1, ordering: .relaxed).newValue)"
    }
}

extension TransportError {
    /// The failure of the ZeroMQ call just made: must be built before anything else can change errno.
    static func zeroMQ(_ operation: String) -> TransportError {
        let code = zmq_errno()
        return .system(operation: operation, code: code, message: String(cString: zmq_strerror(code)))
    }
}
