import CascadeCore
import CascadeHost
import Testing

@testable import CascadeTransport

@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
    @Test func aVanishedPeerIsUnreachable() async throws {
        let server = Probe()
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        #expect(await server.send([[1]], to: PeerID([1, 2, 3]), on: router) == .unreachable)
        #expect(await server.send([[1]], to: .only, on: router) == .unreachable)

        // Each round asks as soon as the disconnect is reported.
        for round in 1...20 {
            let client = Probe()
            let dealer = try client.start(.dealer(connect: router.boundEndpoint))
            #expect(await eventually { client.isConnected })
            #expect(await client.send([[1]], to: PeerID([5]), on: dealer) == .unreachable)
            #expect(await client.send([[1]], on: dealer) == .sent)
            #expect(await eventually { server.received.count == round })
            let peer = try #require(server.received.last?.peer)
            #expect(await server.send([[2]], to: peer, on: router) == .sent)
            dealer.stop("done")
            await dealer.waitUntilStopped()
            #expect(
                await eventually {
                    server.events.count { if case .disconnected = $0 { true } else { false } } == round
                }
            )
            #expect(await server.send([[2]], to: peer, on: router) == .unreachable)
        }
        router.stop("done")
        await router.waitUntilStopped()
    }

    @Test func aDealerReconnectsToARestartedRouter() async throws {
        let before = Probe(echoes: true)
        let reserved = try #require(RawListener.steady())
        reserved.close()
        let first = try before.start(.router(bind: "tcp://127.0.0.1:\(reserved.port)"))
        let endpoint = first.boundEndpoint
        let client = Probe()
        let dealer = try client.start(.dealer(connect: endpoint))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[0]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 1 })

        first.stop("restart")
        await first.waitUntilStopped()
        #expect(await eventually { !client.isConnected })
        #expect(await eventually { client.sees { if case .retrying = $0 { true } else { false } } })
        // Nothing is taken while there is no connection, so nothing is lost unnoticed.
        for _ in 0..<100 { #expect(await client.send([[1]], on: dealer) == .full) }

        let after = Probe(echoes: true)
        let second = try after.start(.router(bind: endpoint))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[2]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 2 })
        #expect(after.received.map(\.frames) == [[[2]]])
        let counters = await client.run(on: dealer) { $0.counters }
        #expect(counters.sendsFull == 100 && counters.connections == 2 && counters.socketsReopened == 0)
        dealer.stop("done")
        second.stop("done")
        await dealer.waitUntilStopped()
        await second.waitUntilStopped()
    }

    @Test func aDealerWithoutRouterNeitherSendsNorHangs() async throws {
        let listener = try #require(RawListener())
        let client = Probe()
        // Accepts connections and says nothing: no handshake, no sending.
        var options = TransportOptions()
        options.handshakeMilliseconds = 300
        let dealer = try client.start(.dealer(connect: "tcp://127.0.0.1:\(listener.port)"), options)
        let connection = try #require(listener.accept())
        #expect(await client.send([[1]], on: dealer) == .full)
        #expect(await eventually { client.sees { if case .handshakeFailed = $0 { true } else { false } } })
        #expect(await client.send([[1]], on: dealer) == .full)
        let start = MonotonicClock.now()
        dealer.stop("done")
        await dealer.waitUntilStopped()
        #expect(MonotonicClock.now().milliseconds(since: start) < 1000)
        connection.close()
        listener.close()
    }

    /// ZeroMQ itself gives up for good after a protocol error; see `ReconnectWatch`.
    @Test func aDealerSurvivesAStrangerOnTheRoutersPort() async throws {
        let listener = try #require(RawListener.steady())
        let client = Probe()
        let dealer = try client.start(.dealer(connect: "tcp://127.0.0.1:\(listener.port)"))
        let connection = try #require(listener.accept())
        let mechanism = Array("XYZ!".utf8) + [UInt8](repeating: 0, count: 48)
        connection.write([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + mechanism)
        #expect(await eventually { client.sees { if case .handshakeFailed = $0 { true } else { false } } })
        connection.close()
        listener.close()
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:\(listener.port)"))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 1 })
        dealer.stop("done")
        router.stop("done")
        await dealer.waitUntilStopped()
        await router.waitUntilStopped()
    }

    @Test func aDealerSurvivesTooLargeAFrame() async throws {
        let server = Probe()
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        var small = TransportOptions()
        small.maxFrameBytes = 1000
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint), small)
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1]], on: dealer) == .sent)
        #expect(await eventually { server.received.count == 1 })
        let peer = try #require(server.received.first?.peer)
        #expect(await server.send([[UInt8](repeating: 0, count: 2000)], to: peer, on: router) == .sent)
        #expect(await eventually { client.sees { if case .reopened = $0 { true } else { false } } })
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[2]], on: dealer) == .sent)
        #expect(await eventually { server.received.count == 2 })
        // A new connection, a new address.
        #expect(server.received.last?.peer != peer)
        #expect(client.received.isEmpty)
        dealer.stop("done")
        router.stop("done")
        await dealer.waitUntilStopped()
        await router.waitUntilStopped()
    }

    /// F8, F10: the connection stays open and nothing comes; heartbeats end it.
    @Test func silenceEndsAConnection() async throws {
        var options = TransportOptions()
        options.heartbeatIntervalMilliseconds = 100
        options.heartbeatTimeoutMilliseconds = 400
        let server = Probe()
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let silent = try #require(RawConnection(port: port(of: router.boundEndpoint)))
        silent.performHandshake()
        silent.write([0, 1, 42])
        #expect(await eventually { server.received.count == 1 })
        let peer = try #require(server.received.first?.peer)
        #expect(await server.send([[1]], to: peer, on: router) == .sent)
        #expect(await eventually { server.sees { if case .disconnected = $0 { true } else { false } } })
        #expect(await server.send([[1]], to: peer, on: router) == .unreachable)
        #expect(silent.isClosed(within: 2000))
        router.stop("done")
        await router.waitUntilStopped()
    }
}
