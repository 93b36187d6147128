import CZeroMQ
import CascadeCore
import CascadeHost
import CascadeTestSupport
import Glibc
import Synchronization
import Testing

@testable import CascadeTransport

/// Peers that begin messages and never finish them, that only take room, or that do not read.
@Suite(.timeLimit(.minutes(2)), .serialized)
struct UnfinishedTests {
    /// Parts of a message, each with more to follow, about 64 kB together.
    private func parts(of bytes: Int) -> [UInt8] {
        let header: [UInt8] =
            bytes < 256
            ? [1, UInt8(bytes)] : [3] + (0..<8).map { UInt8(truncatingIfNeeded: bytes >> (56 - 8 * $0)) }
        let part = header + [UInt8](repeating: 7, count: bytes)
        return Array(repeatElement(part, count: max(1, (64 << 10) / part.count)).joined())
    }

    /// A router, and a client that it answers before and after what `disturb` does.
    private func withBystander(
        _ options: TransportOptions = TransportOptions(),
        _ disturb: (_ router: Reactor, _ server: Probe) async throws -> Void
    ) async throws {
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { client.isConnected })
        for round in 1...2 {
            #expect(await client.send([[UInt8(round)]], on: dealer) == .sent)
            #expect(await eventually(within: 20) { client.received.count == round })
            if round == 1 { try await disturb(router, server) }
        }
        #expect(!client.sees { if case .disconnected = $0 { true } else { false } })
        for reactor in [dealer, router] {
            reactor.stop("done")
            await reactor.waitUntilStopped()
        }
    }

    private func isCutOff(_ event: ConnectionEvent) -> Bool {
        if case .cutOff(let peer, _) = event { peer.hasPrefix("127.0.0.1:") } else { false }
    }

    @Test(arguments: [0, 40, 60_000])
    func partsWithoutEnd(_ bytes: Int) async throws {
        try await withBystander { router, server in
            for round in 1...3 {
                let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
                stranger.performHandshake()
                let most = 1 << 30
                #expect(await stranger.flood(parts(of: bytes), most: most) < most)
                #expect(await eventually { server.sees(isCutOff) })
                #expect(await server.run(on: router) { $0.counters.cutForUnfinished } == UInt64(round))
                stranger.close()
            }
        }
    }

    /// What is behind a message that was delivered counts from there.
    @Test func partsWithoutEndBehindAMessage() async throws {
        try await withBystander { router, server in
            let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
            stranger.performHandshake()
            stranger.write([0, 2, 1, 2])
            #expect(await eventually { server.received.last?.frames == [[1, 2]] })
            #expect(await stranger.flood(parts(of: 0), most: 1 << 30) < 1 << 30)
            #expect(await eventually { server.sees(isCutOff) })
            stranger.close()
        }
    }

    /// Eight deliver a message each, and as fast as they can 1.4 MB of parts behind it: at most one look is between the
    /// two. Nothing follows.
    @Test(arguments: [0, 40])
    func partsThatComeWithAMessage(_ bytes: Int) async throws {
        try await withBystander { router, server in
            let begun = [0, 2, 1, 2] + Array(repeatElement(parts(of: bytes), count: 22).joined())
            var strangers: [RawConnection] = []
            for _ in 0..<8 {
                let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
                stranger.performHandshake()
                #expect(stranger.write([0, 1, 42]))
                strangers.append(stranger)
            }
            #expect(await eventually { server.received.count == 9 })
            for stranger in strangers { #expect(await stranger.flood(begun, most: begun.count) == begun.count) }
            #expect(await eventually { strangers.count { $0.isClosed(within: 0) } == 4 })
            #expect(server.sees(isCutOff))
            for stranger in strangers { stranger.close() }
        }
    }

    /// With keys, parts are encrypted: a proxy swallows the end of a long message.
    @Test func partsWithoutEndBehindKeys() async throws {
        let coordinator = try KeyPair.make()
        let known = try KeyPair.make()
        let server = Probe(echoes: true)
        let router = try server.start(
            .router(bind: "tcp://127.0.0.1:0"),
            security: .server(coordinator, Allowed([known.publicKey]))
        )
        let passed = Mutex(0)
        let proxy = try FaultProxy(target: port(of: router.boundEndpoint)) { _, direction, bytes in
            guard direction == .toServer else { return true }
            return passed.withLock { passed in
                passed += bytes
                return passed < 3 << 20
            }
        }
        let socket = try ZMQSocket(ZMQ_DEALER, in: ZMQContext())
        try socket.set(ZMQ_LINGER, "LINGER", 0)
        try socket.useCurve(known, router: coordinator.publicKey)
        try socket.connect("tcp://127.0.0.1:\(proxy.port)")
        #expect(socket.send([[1]], route: nil) == 0)
        #expect(await eventually { server.received.count == 1 })
        // 35 bytes each on the wire.
        #expect(socket.send(Array(repeating: [], count: 150_000), route: nil) == 0)
        #expect(await eventually(within: 20) { server.sees(isCutOff) })
        #expect(await server.run(on: router) { $0.counters.cutForUnfinished } == 1)
        socket.close()
        proxy.close()
        router.stop("done")
        await router.waitUntilStopped()
    }

    @Test func aRouterThatNeverFinishes() async throws {
        let listener = try #require(RawListener())
        let client = Probe()
        let dealer = try client.start(.dealer(connect: "tcp://127.0.0.1:\(listener.port)"))
        for _ in 1...2 {
            let stranger = try #require(listener.accept())
            stranger.performHandshake(as: "ROUTER")
            #expect(await stranger.flood(parts(of: 0), most: 1 << 30) < 1 << 30)
            stranger.close()
        }
        #expect(await eventually { client.sees(isCutOff) })
        dealer.stop("done")
        await dealer.waitUntilStopped()
        listener.close()
    }

    /// Eight begin 2 MB each and stop at 1.5 MB: three are too many. They may do so in the handshake, too.
    @Test(arguments: [false, true])
    func manyThatBeginTogether(inHandshake: Bool) async throws {
        var options = TransportOptions()
        options.handshakeMilliseconds = 60_000
        options.maxUnfinishedBytes = 8 << 20
        try await withBystander(options) { router, server in
            var strangers: [RawConnection] = []
            for _ in 0..<8 {
                let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
                if inHandshake { stranger.greet() } else { stranger.performHandshake() }
                let size = options.maxFrameBytes
                let header = [inHandshake ? 6 : 2] + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }
                let begun = header + [UInt8](repeating: 7, count: 3 << 19)
                _ = await stranger.flood(begun, most: begun.count)
                strangers.append(stranger)
            }
            #expect(await eventually { server.sees(isCutOff) })
            #expect(await eventually { strangers.count { $0.isClosed(within: 0) } == 3 })
            #expect(await server.run(on: router) { $0.counters.cutForUnfinished } == 3)
            for stranger in strangers { stranger.close() }
        }
    }

    /// ZeroMQ keeps what a handshake says of a peer: eight say 0.9 MB each, then send messages like anyone else.
    @Test func handshakesThatAreKept() async throws {
        try await withBystander { router, server in
            var strangers: [RawConnection] = []
            for _ in 0..<8 {
                let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
                stranger.performHandshake(saying: 900_000)
                strangers.append(stranger)
                stranger.write([0, 2, 9, 9])
            }
            let start = MonotonicClock.now()
            var closed = Set<Int>()
            while closed.count < 5, MonotonicClock.now().milliseconds(since: start) < 20_000 {
                for (index, stranger) in strangers.enumerated() where !closed.contains(index) {
                    if !stranger.write([0, 2, 9, 9]) || stranger.isClosed(within: 10) { closed.insert(index) }
                }
            }
            // Each counts twice: three may stay.
            #expect(closed.count == 5)
            #expect(server.sees(isCutOff))
            for stranger in strangers { stranger.close() }
        }
    }

    /// ZeroMQ would put the name before each of its messages. A name as ZeroMQ gives them could be ahead of its
    /// numbers.
    @Test(arguments: [1, 4, 5, 6, 255], [0x61, 0])
    func whoNamesItselfIsEnded(_ bytes: Int, _ first: UInt8) async throws {
        try await withBystander { router, server in
            let count = server.received.count
            let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
            stranger.performHandshake(named: [first] + [UInt8](repeating: 0x61, count: bytes - 1))
            stranger.write([0, 1, 42])
            #expect(stranger.isClosed(within: 8_000))
            #expect(await eventually { server.sees(isCutOff) })
            #expect(server.received.count == count)
            #expect(await server.run(on: router) { $0.counters.droppedForName } == 1)
        }
    }

    /// ZeroMQ aborts where a peer has taken the number that the next one would get.
    @Test func theNextNumberCannotBeForetold() async throws {
        var first: [PeerID] = []
        for _ in 0..<4 {
            srand(1)
            try await withBystander { _, server in first.append(try #require(server.received.first?.peer)) }
        }
        #expect(Set(first).count == 4)
    }

    /// Three clients send 60 MB to a reactor that stands still: whatever comes first, the others' messages wait.
    @Test func whatMerelyWaitsIsNotUnfinished() async throws {
        var options = TransportOptions()
        options.messagesPerTurn = 1
        let server = Probe()
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        var clients: [(probe: Probe, dealer: Reactor)] = []
        for _ in 0..<3 {
            let probe = Probe()
            clients.append((probe, try probe.start(.dealer(connect: router.boundEndpoint))))
            #expect(await eventually { probe.isConnected })
        }
        let message = [bytes(1 << 20, seed: 1)]
        for round in 1...2 {
            async let stands: Void = server.run(on: router) { _ in _ = usleep(400_000) }
            for (probe, dealer) in clients {
                for _ in 0..<10 { #expect(await probe.send(message, on: dealer) == .sent) }
            }
            await stands
            #expect(await eventually(within: 20) { server.received.count == 30 * round })
        }
        let counters = await server.run(on: router) { $0.counters }
        #expect(counters.cutForUnfinished == 0 && counters.disconnections == 0)
        for reactor in clients.map(\.dealer) + [router] {
            reactor.stop("done")
            await reactor.waitUntilStopped()
        }
    }

    @Test func thoseThatSayNothingMakeRoom() async throws {
        var options = TransportOptions()
        options.maxConnections = 20
        options.handshakeMilliseconds = 60_000
        try await withBystander(options) { router, server in
            var strangers: [RawConnection] = []
            for index in 0..<60 {
                let stranger = try #require(RawConnection(port: port(of: router.boundEndpoint)))
                if index % 2 == 0 { stranger.performHandshake() }
                strangers.append(stranger)
            }
            // The bystander's connection is the twentieth.
            for stranger in strangers.prefix(41) { #expect(stranger.isClosed(within: 8_000)) }
            #expect(strangers.suffix(19).allSatisfy { !$0.isClosed(within: 0) })
            #expect(server.sees { $0 == .crowded(limit: 20) })
            #expect(await server.run(on: router) { $0.counters.crowdings } == 41)
            let late = Probe()
            let dealer = try late.start(.dealer(connect: router.boundEndpoint))
            #expect(await eventually { late.isConnected })
            #expect(await late.send([[1]], on: dealer) == .sent)
            #expect(await eventually { late.received.count == 1 })
            dealer.stop("done")
            await dealer.waitUntilStopped()
            for stranger in strangers { stranger.close() }
        }
    }

    /// Sends 64 kB at a time until there is no room; how many bytes were taken.
    private func fill(_ peer: PeerID, _ server: Probe, _ router: Reactor) async -> Int {
        let frame = [UInt8](repeating: 1, count: 64 << 10)
        return await server.run(on: router) { context in
            var sent = 0
            while sent < 200 << 20, context.send([frame], to: peer) == .sent { sent += frame.count }
            return sent
        }
    }

    @Test func whoDoesNotReadGetsNoMore() async throws {
        var options = TransportOptions()
        options.sendQueueMessages = 1 << 20
        options.sendQueueBytesOfAll = 6 << 20
        // They answer no heartbeats either.
        options.heartbeatTimeoutMilliseconds = 60_000
        try await withBystander(options) { router, server in
            var strangers: [(connection: RawConnection, peer: PeerID)] = []
            for index in 0..<4 {
                let connection = try #require(
                    RawConnection(port: port(of: router.boundEndpoint), receiveBuffer: 64 << 10)
                )
                connection.performHandshake()
                connection.write([0, 2, 9, UInt8(index)])
                #expect(await eventually { server.received.last?.frames == [[9, UInt8(index)]] })
                strangers.append((connection, try #require(server.received.last?.peer)))
            }
            // Until nothing moves any more; the kernel takes some megabytes of each.
            for (_, peer) in strangers {
                var taken = 0
                var last = -1
                while taken != last {
                    last = taken
                    taken += await fill(peer, server, router)
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(taken < 24 << 20)
            }
            #expect(await server.run(on: router) { $0.connections.bytesQueued } < 7 << 20)
            // Who reads again is sent to again.
            let first = strangers[0]
            let peer = first.peer
            #expect(!first.connection.isClosed(within: 300))
            #expect(await fill(peer, server, router) > 0)
            for (connection, _) in strangers { connection.close() }
        }
    }
}
