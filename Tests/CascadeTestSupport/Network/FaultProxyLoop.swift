internal import Foundation

/// What a ``FaultProxy``'s thread does: waits for sockets and for the time of what is under way.
final class FaultProxyLoop {
    /// A connection and its two lines.
    private final class Connection {
        let client: Int32
        let server: Int32
        let name: String
        /// By direction.
        let lines: [FaultLine]
        var isConnected = false

        init(client: Int32, server: Int32, name: String) {
            (self.client, self.server, self.name) = (client, server, name)
            lines = [FaultLine(from: client, to: server), FaultLine(from: server, to: client)]
        }

        func end(_ ending: FaultLine.Ending) {
            for descriptor in [client, server] {
                if ending == .reset { TCPSocket.reset(descriptor) } else { close(descriptor) }
            }
        }
    }

    private let listen: SocketAddress
    private let bell: Bell
    private let watch: FaultProxy.Watch
    private var draws: SeededGenerator
    private var listener: Int32?
    private var connections: [Connection] = []

    init(listen: SocketAddress, seed: UInt64, bell: Bell, watch: @escaping FaultProxy.Watch) {
        self.listen = listen
        self.bell = bell
        self.watch = watch
        draws = SeededGenerator(seed: seed)
    }

    /// Listens; false where that cannot be done.
    func open() -> Bool {
        listener = TCPSocket.listen(at: listen)
        return listener != nil
    }

    /// Runs until the proxy is closed.
    func run(_ access: ((inout FaultProxy.State) -> Void) -> Void) {
        while let state = obey(access) {
            let passed = carry(state)
            access { shared in
                for direction in 0..<2 { shared.bytes[direction] += passed[direction] }
                shared.connections = connections.count
            }
            wait(state, access)
            bell.quiet()
        }
        for connection in connections { connection.end(.closed) }
        if let listener { Glibc.close(listener) }
        access { $0.connections = 0 }
    }

    /// Does what was asked for since; nil at the end.
    private func obey(_ access: ((inout FaultProxy.State) -> Void) -> Void) -> FaultProxy.State? {
        var state: FaultProxy.State?
        access { shared in
            state = shared
            shared.ending = .none
        }
        guard let state, !state.isClosed else { return nil }
        if state.isRefusing, let listener {
            Glibc.close(listener)
            self.listener = nil
        } else if !state.isRefusing, listener == nil {
            listener = TCPSocket.listen(at: listen)
        }
        if state.ending != .none {
            for connection in connections { connection.end(state.ending) }
            connections = []
        }
        return state
    }

    /// Hands on what is due, and forgets connections that are over; bytes by direction.
    private func carry(_ state: FaultProxy.State) -> [Int] {
        let now = ContinuousClock.now
        var passed = [0, 0]
        connections.removeAll { connection in
            for (direction, line) in connection.lines.enumerated() {
                guard direction == 1 || connection.isConnected else { continue }
                passed[direction] += line.write(
                    state.conditions[direction],
                    generation: state.generation,
                    since: state.since,
                    now: now,
                    draws: &draws
                )
            }
            guard let ending = connection.lines.map(\.ending).first(where: { $0 != .none }) else { return false }
            connection.end(ending)
            return true
        }
        return passed
    }

    /// Sleeps until a socket or the time says that there is something to do, and reads what came.
    private func wait(_ state: FaultProxy.State, _ access: ((inout FaultProxy.State) -> Void) -> Void) {
        let now = ContinuousClock.now
        // Where it could not listen again, somebody else has the port: it is tried again.
        var wake = now + (listener == nil && !state.isRefusing ? .milliseconds(50) : .seconds(60))
        var items = [pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)]
        items.append(pollfd(fd: listener ?? -1, events: Int16(POLLIN), revents: 0))
        for connection in connections {
            let (out, back) = (connection.lines[0], connection.lines[1])
            items.append(item(connection.client, reads: out.wantsBytes, writes: back.isBlocked))
            let writes = out.isBlocked || !connection.isConnected
            items.append(item(connection.server, reads: back.wantsBytes && connection.isConnected, writes: writes))
            for (direction, line) in connection.lines.enumerated() where direction == 1 || connection.isConnected {
                let due = line.nextDue(state.conditions[direction], since: state.since, now: now)
                wake = min(wake, due ?? wake)
            }
        }
        let microseconds = max(0, now.duration(to: wake) / .microseconds(1))
        var time = timespec(
            tv_sec: Int(microseconds / 1e6),
            tv_nsec: Int(microseconds.truncatingRemainder(dividingBy: 1e6)) * 1_000
        )
        guard Self.poll(&items, &time) > 0 else { return }
        // What was asked for before these bytes were sent holds for them.
        var state = state
        access { state = $0 }
        take(items, state)
        if items[1].revents != 0 { accept(state.target) }
    }

    private func item(_ descriptor: Int32, reads: Bool, writes: Bool) -> pollfd {
        let events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0)
        // One that nothing is asked of would still tell of its end, over and over.
        return pollfd(fd: events == 0 ? -1 : descriptor, events: Int16(events), revents: 0)
    }

    private func take(_ items: [pollfd], _ state: FaultProxy.State) {
        let now = ContinuousClock.now
        let isOver = Int16(POLLERR | POLLHUP)
        for (index, connection) in connections.enumerated() {
            let sockets = [items[2 + 2 * index].revents, items[3 + 2 * index].revents]
            for (direction, line) in connection.lines.enumerated() {
                if sockets[direction] & (Int16(POLLIN) | isOver) != 0, direction == 0 || connection.isConnected {
                    line.read(state.conditions[direction], now: now, draws: &draws) { count in
                        watch(connection.name, direction == 0 ? .toServer : .toClient, count)
                    }
                }
                if sockets[1 - direction] & (Int16(POLLOUT) | isOver) != 0 { line.unblock() }
            }
            if sockets[1] & (Int16(POLLOUT) | isOver) != 0 { connection.isConnected = true }
        }
    }

    private func accept(_ target: SocketAddress) {
        guard let listener, let (client, peer) = TCPSocket.accept(listener, isBlocking: false) else { return }
        let server = TCPSocket.make(isBlocking: false)
        for descriptor in [client, server] { TCPSocket.sendAtOnce(descriptor) }
        guard target.withSockAddr({ connect(server, $0, $1) }) == 0 || errno == EINPROGRESS else {
            for descriptor in [client, server] { TCPSocket.reset(descriptor) }
            return
        }
        connections.append(Connection(client: client, server: server, name: peer.host))
    }

    /// `ppoll`, for times of less than a millisecond.
    private static func poll(_ items: inout [pollfd], _ time: inout timespec) -> Int32 {
        // A glibc extension, which the module map hides: int ppoll(struct pollfd *, nfds_t, timespec *, sigset_t *).
        typealias Poll =
            @convention(c) (UnsafeMutablePointer<pollfd>?, UInt, UnsafePointer<timespec>?, UnsafeRawPointer?) -> Int32
        guard let symbol = dlsym(nil, "ppoll") else { return Glibc.poll(&items, nfds_t(items.count), 1) }
        // The type is that of glibc's manual.
        return unsafeBitCast(symbol, to: Poll.self)(&items, UInt(items.count), &time, nil)
    }
}
