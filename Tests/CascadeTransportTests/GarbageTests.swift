import CascadeCore
import CascadeHost
import Testing

@testable import CascadeTransport

/// Strangers on the coordinator's port: whatever they do, the others' messages pass and the reactor lives.
@Suite(.timeLimit(.minutes(1)))
struct GarbageTests {
    private func withBystander(
        _ options: TransportOptions = TransportOptions(),
        _ disturb: (_ port: UInt16, _ server: Probe) async throws -> Void
    ) async throws {
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 1 })

        try await disturb(port(of: router.boundEndpoint), server)

        let start = MonotonicClock.now()
        for round in 2...50 {
            #expect(await client.send([[UInt8(round)]], on: dealer) == .sent)
            #expect(await eventually { client.received.count == round })
        }
        #expect(MonotonicClock.now().milliseconds(since: start) < 3000)
        #expect(client.received.map(\.frames) == (1...50).map { [[UInt8($0)]] })
        #expect(!client.sees { if case .disconnected = $0 { true } else { false } })
        dealer.stop("done")
        router.stop("done")
        #expect(await dealer.waitUntilStopped() == .requested("done"))
        #expect(await router.waitUntilStopped() == .requested("done"))
    }

    @Test func randomBytes() async throws {
        try await withBystander { port, _ in
            for seed in 0..<100 {
                let connection = try #require(RawConnection(port: port))
                connection.write(bytes(1 + seed * 37, seed: UInt64(seed)))
            }
        }
    }

    @Test func randomBytesAfterAHandshake() async throws {
        try await withBystander { port, _ in
            for seed in 0..<100 {
                let connection = try #require(RawConnection(port: port))
                connection.performHandshake()
                connection.write(bytes(1 + seed * 37, seed: UInt64(1000 + seed)))
            }
        }
    }

    @Test func otherProtocols() async throws {
        var connections: [RawConnection] = []
        try await withBystander { port, _ in
            let greetings = [
                "GET / HTTP/1.1\r\nHost: coordinator\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\u{16}\u{3}\u{1}\u{2}",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\0\0\0\0", "",
            ]
            for greeting in greetings {
                let connection = try #require(RawConnection(port: port))
                connection.write(Array(greeting.utf8))
                connections.append(connection)
            }
        }
        for connection in connections { connection.close() }
    }

    @Test func halfAHandshakeIsGivenUp() async throws {
        var options = TransportOptions()
        options.handshakeMilliseconds = 300
        try await withBystander(options) { port, server in
            let silent = try #require(RawConnection(port: port))
            let half = try #require(RawConnection(port: port))
            half.write([0xff, 0, 0, 0, 0, 0])
            #expect(silent.isClosed(within: 3000))
            #expect(half.isClosed(within: 3000))
            #expect(await eventually { server.sees { if case .handshakeFailed = $0 { true } else { false } } })
        }
    }

    /// F13: one byte at a time, for longer than the handshake may take.
    @Test func aSlowSenderIsOnlySlow() async throws {
        var options = TransportOptions()
        options.handshakeMilliseconds = 300
        try await withBystander(options) { port, server in
            let slow = try #require(RawConnection(port: port))
            slow.performHandshake()
            let text = Array("one byte at a time".utf8)
            for byte in [0, UInt8(text.count)] + text {
                slow.write([byte])
                try await Task.sleep(for: .milliseconds(30))
            }
            #expect(await eventually { server.received.contains { $0.frames == [text] } })
            slow.close()
        }
    }

    /// F14, F21: announced sizes that never come, or are absurd.
    @Test func truncatedAndAbsurdFrames() async throws {
        try await withBystander { port, server in
            let count = server.received.count
            let limit = UInt64(TransportOptions().maxFrameBytes)
            for size: UInt64 in [100, limit, limit + 1, 1 << 40, .max] {
                let connection = try #require(RawConnection(port: port))
                connection.performHandshake()
                connection.write([2] + (0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) } + [1, 2, 3])
                if size > limit { #expect(connection.isClosed(within: 3000)) }
            }
            // A message cut off between its parts is never delivered.
            let unfinished = try #require(RawConnection(port: port))
            unfinished.performHandshake()
            unfinished.write([1, 1, 42, 1, 1, 43])
            try await Task.sleep(for: .milliseconds(100))
            #expect(server.received.count == count)
            unfinished.close()
        }
    }

    @Test func manyConnectionsAtOnce() async throws {
        try await withBystander { port, _ in
            var connections: [RawConnection] = []
            for _ in 0..<150 { connections.append(try #require(RawConnection(port: port))) }
            for connection in connections { connection.close() }
        }
    }
}
