internal import Foundation
internal import Synchronization

/// A TCP proxy that stands for a network and its faults: bytes come through unchanged and in order, but later, slower,
/// in small pieces, only one way or not at all, and connections end when they should not. It knows nothing of what the
/// bytes say, so encrypted connections may pass as well.
///
/// One thread does everything, for any number of connections; each direction has conditions of its own.
package final class FaultProxy: Sendable {
    /// Where bytes go.
    package enum Direction: Int, CaseIterable, Sendable {
        /// From whoever connected.
        case toServer
        /// To whoever connected.
        case toClient
    }

    /// Is told of bytes before they wait, and of the client's address; false makes the line swallow them and all that
    /// follow them.
    package typealias Watch = @Sendable (_ client: String, Direction, _ bytes: Int) -> Bool

    struct State {
        var target: SocketAddress
        var conditions = [LineConditions(), LineConditions()]
        var since = ContinuousClock.now
        /// Counts changes of the conditions.
        var generation = 0
        var isRefusing = false
        var isClosed = false
        /// What shall become of the connections that stand.
        var ending = FaultLine.Ending.none
        var bytes = [0, 0]
        var connections = 0
    }

    /// Where it listens.
    package let port: UInt16
    private let state: Mutex<State>
    private let bell: Bell

    /// Listens on a free port of 127.0.0.1 and hands on to `target` there.
    package convenience init(
        target: UInt16,
        seed: UInt64 = 1,
        watch: @escaping Watch = { _, _, _ in true }
    ) throws {
        let port = try TCPSocket.freePort()
        let listen = SocketAddress(port: port)
        try self.init(listen: listen, target: SocketAddress(port: target), seed: seed, watch: watch)
    }

    /// Listens at an address, in a network namespace where one is named, and hands on to another address there.
    package init(
        listen: SocketAddress,
        target: SocketAddress,
        namespace: String? = nil,
        seed: UInt64 = 1,
        watch: @escaping Watch = { _, _, _ in true }
    ) throws {
        port = listen.port
        state = Mutex(State(target: target))
        bell = try Bell()
        let started = DispatchSemaphore(value: 0)
        let isListening = Mutex(false)
        let loop = UncheckedLoop(FaultProxyLoop(listen: listen, seed: seed, bell: bell, watch: watch))
        Thread.detachNewThread { [self] in
            let isThere = namespace.map(NetworkNamespace.enter) ?? true
            let isReady = isThere && loop.value.open()
            isListening.withLock { $0 = isReady }
            started.signal()
            if isReady { loop.value.run { change in state.withLock { change(&$0) } } }
        }
        started.wait()
        guard isListening.withLock({ $0 }) else { throw POSIXError(.EADDRNOTAVAIL) }
    }

    /// Puts conditions in force, one way or both; bytes under way keep the time that they had.
    package func set(_ conditions: LineConditions, _ direction: Direction? = nil) {
        change { state in
            for one in Direction.allCases where direction == nil || direction == one {
                state.conditions[one.rawValue] = conditions
            }
            state.since = .now
            state.generation += 1
        }
    }

    /// Everything is as a good network is: no conditions, and whoever comes gets in.
    package func heal() {
        set(LineConditions())
        change { $0.isRefusing = false }
    }

    /// Both sides of every connection hear of a failure at once (RST).
    package func reset() { change { $0.ending = .reset } }

    /// Both sides of every connection hear that it has ended (FIN).
    package func hangUp() { change { $0.ending = .closed } }

    /// Nobody listens any more: those who connect are refused, and connections that stand are reset.
    package func goDown() {
        change { state in
            state.isRefusing = true
            state.ending = .reset
        }
    }

    /// New connections lead elsewhere.
    package func lead(to port: UInt16) { change { $0.target.port = port } }

    /// Ends it, and all connections with it.
    package func close() { change { $0.isClosed = true } }

    /// Bytes that were handed on.
    package func bytes(_ direction: Direction) -> Int { state.withLock { $0.bytes[direction.rawValue] } }

    /// Connections that stand.
    package var connections: Int { state.withLock { $0.connections } }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        bell.ring()
    }

    /// Carries the loop to its thread.
    private struct UncheckedLoop: @unchecked Sendable {
        // It is made here and used on its one thread alone from then on.
        let value: FaultProxyLoop
        init(_ value: FaultProxyLoop) { self.value = value }
    }
}

/// Wakes a thread that polls.
final class Bell: Sendable {
    /// Readable after a ring.
    let descriptor: Int32
    private let hammer: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends)
                == 0
        else { throw POSIXError(.EMFILE) }
        (descriptor, hammer) = (ends[0], ends[1])
    }

    deinit { for end in [descriptor, hammer] { close(end) } }

    func ring() { _ = send(hammer, [1], 1, Int32(MSG_NOSIGNAL)) }

    func quiet() {
        var buffer = [UInt8](repeating: 0, count: 256)
        while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
    }
}
