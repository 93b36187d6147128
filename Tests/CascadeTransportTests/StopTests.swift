import CascadeCore
import CascadeHost
import Testing

@testable import CascadeTransport

@Suite(.timeLimit(.minutes(1)))
struct StopTests {
    /// What the handler says in `stopping` still arrives, behind what was queued before.
    @Test func aRoutersLastWordsArrive() async throws {
        let server = Probe(farewell: { context, state in
            for message in state.received { _ = context.send([Array("bye".utf8)], to: message.peer) }
        })
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1]], on: dealer) == .sent)
        #expect(await eventually { server.received.count == 1 })
        let peer = try #require(server.received.first?.peer)
        let queued = 100
        await server.run(on: router) { context in
            for _ in 0..<queued { _ = context.send([[UInt8](repeating: 7, count: 1000)], to: peer) }
            context.stop("by the handler")
        }
        #expect(await router.waitUntilStopped() == .requested("by the handler"))
        #expect(await eventually { client.received.count == queued + 1 })
        #expect(client.received.last?.frames == [Array("bye".utf8)])
        dealer.stop("done")
        await dealer.waitUntilStopped()
    }

    @Test func aDealersLastWordsArrive() async throws {
        let server = Probe()
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        let client = Probe(farewell: { context, _ in _ = context.send([Array("bye".utf8)], to: .only) })
        let dealer = try client.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { client.isConnected })
        let queued = 500
        await client.run(on: dealer) { context in
            for _ in 0..<queued { _ = context.send([[UInt8](repeating: 7, count: 10_000)], to: .only) }
        }
        dealer.stop("done")
        await dealer.waitUntilStopped()
        #expect(await eventually { server.received.count == queued + 1 })
        let last = server.received.last?.frames
        #expect(last == [Array("bye".utf8)])
        router.stop("done")
        await router.waitUntilStopped()
    }

    /// A peer that reads nothing, and megabytes queued for it: the linger time bounds the stop.
    @Test(arguments: [0, 500])
    func aDeadPeerDoesNotHoldTheStopUp(_ linger: Int) async throws {
        var options = TransportOptions()
        options.lingerMilliseconds = linger
        options.sendQueueBytes = 128 << 20
        options.sendQueueBytesOfAll = 128 << 20
        let server = Probe()
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let dead = try #require(RawConnection(port: port(of: router.boundEndpoint), receiveBuffer: 4096))
        dead.performHandshake()
        dead.write([0, 1, 42])
        #expect(await eventually { server.received.count == 1 })
        let peer = try #require(server.received.first?.peer)
        let sent = await server.run(on: router) { context in
            (0..<64).count { _ in context.send([[UInt8](repeating: 7, count: 1 << 20)], to: peer) == .sent }
        }
        #expect(sent == 64)
        let start = MonotonicClock.now()
        router.stop("done")
        #expect(await router.waitUntilStopped() == .requested("done"))
        let took = MonotonicClock.now().milliseconds(since: start)
        #expect(took >= Double(linger) * 0.9)
        #expect(took < Double(linger) + 1500)
        dead.close()
    }

    /// A peer that reads nothing fills its own queue, and only that.
    @Test func aFullQueueIsReported() async throws {
        var options = TransportOptions()
        options.sendQueueMessages = 10
        options.lingerMilliseconds = 0
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let dead = try #require(RawConnection(port: port(of: router.boundEndpoint), receiveBuffer: 4096))
        dead.performHandshake()
        dead.write([0, 1, 42])
        #expect(await eventually { server.received.count == 1 })
        let peer = try #require(server.received.first?.peer)
        let results = await server.run(on: router) { context in
            (0..<200).map { _ in context.send([[UInt8](repeating: 7, count: 1 << 20)], to: peer) }
        }
        #expect(results.first == .sent && results.last == .full)
        #expect(!results.contains(.unreachable))
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 1 })
        dead.close()
        dealer.stop("done")
        router.stop("done")
        await dealer.waitUntilStopped()
        await router.waitUntilStopped()
    }

    @Test func stoppingWhileMessagesFly() async throws {
        for _ in 0..<5 {
            let server = Probe(echoes: true)
            let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
            let client = Probe(echoes: true)
            let dealer = try client.start(.dealer(connect: router.boundEndpoint))
            #expect(await eventually { client.isConnected })
            for _ in 0..<50 { _ = await client.send([[7]], on: dealer) }
            let start = MonotonicClock.now()
            router.stop("router")
            dealer.stop("dealer")
            #expect(await router.waitUntilStopped() == .requested("router"))
            #expect(await dealer.waitUntilStopped() == .requested("dealer"))
            #expect(MonotonicClock.now().milliseconds(since: start) < 3000)
        }
    }
}
