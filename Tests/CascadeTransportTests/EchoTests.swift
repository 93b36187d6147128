import CascadeCore
import Synchronization
import Testing

@testable import CascadeTransport

@Suite(.timeLimit(.minutes(1)))
struct EchoTests {
    @Test(arguments: ["tcp://127.0.0.1:0", "ipc://*", "inproc://echo"])
    func framesComeBackAsTheyWere(_ endpoint: String) async throws {
        try await checkEcho(endpoint)
    }

    @Test(.enabled(if: hasIPv6Loopback(), "this host has no IPv6"))
    func framesComeBackOverIPv6() async throws {
        try await checkEcho("tcp://[::1]:0")
    }

    private func checkEcho(_ endpoint: String) async throws {
        let shared = endpoint.hasPrefix("inproc") ? try ZMQContext() : nil
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: endpoint), context: shared)
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint), context: shared)
        #expect(!router.boundEndpoint.hasSuffix("*") && !router.boundEndpoint.hasSuffix(":0"))
        #expect(await eventually { shared != nil || client.isConnected })

        let messages: [[[UInt8]]] = [
            [[]], [[], []], [[1]], [bytes(33, seed: 1), [], bytes(34, seed: 2)],
            (0..<10).map { bytes($0 * 100, seed: UInt64($0)) }, [[], Array("last".utf8)],
        ]
        for message in messages { #expect(await client.send(message, on: dealer) == .sent) }
        #expect(await eventually { client.received.count == messages.count })
        #expect(client.received.map(\.frames) == messages)
        #expect(client.received.allSatisfy { $0.peer == .only })
        #expect(Set(server.received.map(\.peer)).count == 1)
        let counters = await client.run(on: dealer) { $0.counters }
        #expect(counters.messagesSent == UInt64(messages.count) && counters.messagesReceived == UInt64(messages.count))
        #expect(counters.bytesSent == counters.bytesReceived)

        dealer.stop("done")
        router.stop("done")
        #expect(await dealer.waitUntilStopped() == .requested("done"))
        #expect(await router.waitUntilStopped() == .requested("done"))
        #expect(server.state.withLock { $0.isStarted && $0.isStopping && $0.isReleased })
    }

    @Test func manyDealers() async throws {
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        var clients: [(Probe, Reactor)] = []
        for _ in 0..<24 {
            let probe = Probe()
            clients.append((probe, try probe.start(.dealer(connect: router.boundEndpoint))))
        }
        for (probe, _) in clients { #expect(await eventually { probe.isConnected }) }
        for round in 0..<20 {
            for (index, client) in clients.enumerated() {
                #expect(await client.0.send([[UInt8(index), UInt8(round)]], on: client.1) == .sent)
            }
        }
        for (index, client) in clients.enumerated() {
            #expect(await eventually { client.0.received.count == 20 })
            // Each gets its own answers, in order.
            #expect(client.0.received.map(\.frames) == (0..<20).map { [[UInt8(index), UInt8($0)]] })
        }
        #expect(Set(server.received.map(\.peer)).count == clients.count)
        for (_, dealer) in clients { dealer.stop("done") }
        for (_, dealer) in clients { await dealer.waitUntilStopped() }
        router.stop("done")
        await router.waitUntilStopped()
    }

    @Test func bigFrames() async throws {
        var options = TransportOptions()
        options.sendQueueBytes = 16 << 20
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { client.isConnected })
        let message = (0..<3).map { bytes(600 << 10, seed: $0) }
        for _ in 0..<5 { #expect(await client.send(message, on: dealer) == .sent) }
        #expect(await eventually { client.received.count == 5 })
        #expect(client.received.allSatisfy { $0.frames == message })
        dealer.stop("done")
        router.stop("done")
        await dealer.waitUntilStopped()
        await router.waitUntilStopped()
    }

    /// A round trip costs some times what the same bytes cost over a plain socket: four threads hand them on instead of
    /// two. A loop that sleeps a millisecond costs a hundred times that.
    @Test func latency() async throws {
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        let before = try await PlainPingPong.median(rounds: 1000)
        let times = Times()
        let dealer = try Reactor.start(role: .dealer(connect: router.boundEndpoint), name: "latency") { _ in
            PingPong(times, rounds: 2000)
        }
        #expect(await dealer.waitUntilStopped() == .requested("done"))
        let after = try await PlainPingPong.median(rounds: 1000)
        let sorted = times.milliseconds.withLock { $0.sorted() }
        #expect(sorted.count == 2000)
        let median = sorted[sorted.count / 2]
        let tail = sorted[sorted.count * 99 / 100]
        print("echo over tcp: median \(median * 1000) us, p99 \(tail * 1000) us")
        print("the same over a plain socket: median \(before * 1000) us before, \(after * 1000) us after")
        #expect(median < 40 * max(before, after))
        router.stop("done")
        await router.waitUntilStopped()
    }
}
