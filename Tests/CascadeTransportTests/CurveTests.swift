import CascadeCore
import CascadeHost
import Glibc
import Synchronization
import Testing

@testable import CascadeTransport

/// A list of allowed keys that tests change.
final class Allowed: KeyAuthenticator {
    let keys: Mutex<Set<PublicKey>>

    init(_ keys: [PublicKey]) {
        self.keys = Mutex(Set(keys))
    }

    func allows(_ key: PublicKey) -> Bool {
        keys.withLock { $0.contains(key) }
    }
}

/// CURVE and ZAP on real sockets: who gets in, who does not, and what each side learns.
@Suite(.timeLimit(.minutes(1)))
struct CurveTests {
    private let coordinator: KeyPair
    private let known: KeyPair
    private let allowed: Allowed

    init() throws {
        coordinator = try KeyPair.make()
        known = try KeyPair.make()
        allowed = Allowed([known.publicKey])
    }

    private func listen(
        _ probe: Probe,
        endpoint: String = "tcp://127.0.0.1:0",
        _ options: TransportOptions = TransportOptions()
    ) throws -> Reactor {
        try probe.start(.router(bind: endpoint), options, security: .server(coordinator, allowed))
    }

    private func failure(_ probe: Probe) -> HandshakeFailure? {
        for case .handshakeFailed(_, let failure) in probe.events { return failure }
        return nil
    }

    private func stop(_ reactors: Reactor...) async {
        for reactor in reactors { reactor.stop("done") }
        for reactor in reactors { #expect(await reactor.waitUntilStopped() == .requested("done")) }
    }

    @Test(arguments: ["tcp://127.0.0.1:0", "ipc://*"])
    func theRightKeyIsLetInAndNamed(_ endpoint: String) async throws {
        let server = Probe(echoes: true)
        let router = try listen(server, endpoint: endpoint)
        let client = Probe()
        let security = TransportSecurity.client(known, router: coordinator.publicKey)
        let dealer = try client.start(.dealer(connect: router.boundEndpoint), security: security)
        #expect(await eventually { client.isConnected })
        // The second frame is large: nothing of the kind is cut by encryption.
        let frames = [[1], bytes(700_000, seed: 4), []]
        // One by one: of many, a router that is kept from its work for a moment drops what its peer has no room for.
        for count in 1...20 {
            #expect(await client.send(frames, on: dealer) == .sent)
            #expect(await eventually { client.received.count == count })
        }
        #expect(server.received.allSatisfy { $0.user == known.publicKey && $0.frames == frames })
        #expect(client.received.allSatisfy { $0.user == nil && $0.frames == frames })
        await stop(dealer, router)
    }

    @Test func anUnknownKeyIsRefusedAndToldSo() async throws {
        let server = Probe()
        let router = try listen(server)
        let stranger = try KeyPair.make()
        let client = Probe()
        let security = TransportSecurity.client(stranger, router: coordinator.publicKey)
        let dealer = try client.start(.dealer(connect: router.boundEndpoint), security: security)
        #expect(await eventually { failure(client) == .keyNotAllowed })
        #expect(await client.send([[1]], on: dealer) == .full)
        #expect(await server.run(on: router) { $0.counters.keysRefused } >= 1)
        // Allowed later, it gets in without being started again.
        allowed.keys.withLock { _ = $0.insert(stranger.publicKey) }
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[2]], on: dealer) == .sent)
        #expect(await eventually { server.received.count == 1 })
        #expect(server.received.first?.user == stranger.publicKey)
        #expect(server.received.first?.frames == [[2]])
        await stop(dealer, router)
    }

    /// What is taken back closes the door for the next connection; on live ones the receiver looks at the user.
    @Test func aRevokedKeyIsRefusedAtTheNextConnection() async throws {
        let server = Probe()
        let router = try listen(server)
        let security = TransportSecurity.client(known, router: coordinator.publicKey)
        let first = Probe()
        let dealer = try first.start(.dealer(connect: router.boundEndpoint), security: security)
        #expect(await eventually { first.isConnected })
        allowed.keys.withLock { $0 = [] }
        let second = Probe()
        let again = try second.start(.dealer(connect: router.boundEndpoint), security: security)
        #expect(await eventually { failure(second) == .keyNotAllowed })
        #expect(!second.isConnected)
        await stop(dealer, again, router)
    }

    @Test func theWrongRouterIsNotTalkedTo() async throws {
        let server = Probe()
        let router = try listen(server)
        let client = Probe()
        let security = TransportSecurity.client(known, router: try KeyPair.make().publicKey)
        let dealer = try client.start(.dealer(connect: router.boundEndpoint), security: security)
        let hangUps = {
            client.events.count { if case .handshakeFailed(_, .hungUp) = $0 { true } else { false } }
        }
        #expect(await eventually { hangUps() >= 4 })
        #expect(!client.isConnected && server.received.isEmpty)
        #expect(await client.send([[1]], on: dealer) == .full)
        await stop(dealer, router)
    }

    @Test func keysAndNoKeysDoNotMix() async throws {
        let locked = Probe()
        let router = try listen(locked)
        let naked = Probe()
        let dealer = try naked.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { failure(naked) != nil })
        #expect(failure(naked) == .securityDiffers || failure(naked) == .hungUp)
        #expect(await naked.send([[1]], on: dealer) == .full)

        let open = Probe()
        let openRouter = try open.start(.router(bind: "tcp://127.0.0.1:0"))
        let keyed = Probe()
        let security = TransportSecurity.client(known, router: coordinator.publicKey)
        let keyedDealer = try keyed.start(.dealer(connect: openRouter.boundEndpoint), security: security)
        #expect(await eventually { failure(keyed) != nil })
        #expect(failure(keyed) == .securityDiffers || failure(keyed) == .hungUp)
        #expect(await keyed.send([[1]], on: keyedDealer) == .full)
        #expect(locked.received.isEmpty && open.received.isEmpty)
        await stop(dealer, keyedDealer, router, openRouter)
    }

    /// A peer of another version of the protocol, which knows no keys, is not let in either.
    @Test func oldAndHalfFinishedPeersStayOutside() async throws {
        let server = Probe()
        var options = TransportOptions()
        options.handshakeMilliseconds = 300
        let router = try listen(server, options)
        let port = port(of: router.boundEndpoint)
        // ZMTP 1: the length and an empty identity. ZMTP 2: signature, revision 1, socket type DEALER, identity.
        let old: [[UInt8]] = [[1, 0, 2, 0, 42], [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0, 0, 1, 42]]
        for bytes in old {
            let peer = try #require(RawConnection(port: port))
            peer.write(bytes)
            #expect(peer.isClosed(within: 3_000))
            peer.close()
        }
        let null = try #require(RawConnection(port: port))
        null.performHandshake()
        null.write([0, 1, 42])
        #expect(null.isClosed(within: 3_000))
        null.close()
        #expect(server.received.isEmpty)
        #expect(await server.run(on: router) { $0.counters.connections } == 0)
        await stop(router)
    }

    /// F23: whatever a peer with a key said, word for word from another connection: it was said to other short-lived
    /// keys.
    @Test func aRecordedConnectionIsWorthNothing() async throws {
        let server = Probe(echoes: true)
        let router = try listen(server)
        let recorder = try #require(Recorder(target: port(of: router.boundEndpoint)))
        let client = Probe()
        let security = TransportSecurity.client(known, router: coordinator.publicKey)
        let dealer = try client.start(.dealer(connect: "tcp://127.0.0.1:\(recorder.port)"), security: security)
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1, 2, 3]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 1 })
        await stop(dealer)
        let said = recorder.bytes
        #expect(said.count > 64 + 200)
        for _ in 0..<5 {
            let replay = try #require(RawConnection(port: port(of: router.boundEndpoint)))
            replay.write(said)
            #expect(replay.isClosed(within: 5_000))
            replay.close()
        }
        #expect(server.received.count == 1)
        #expect(await server.run(on: router) { $0.counters.connections } == 1)
        await stop(router)
    }

    @Test func keysAreCheckedAndSecretsNotPrinted() throws {
        #expect(PublicKey(known.publicKey.text) == known.publicKey)
        #expect(KeyPair(secretText: known.secretText) == known)
        for text in ["", "x", String(repeating: "\"", count: 40), String(repeating: "é", count: 20)] {
            #expect(PublicKey(text) == nil)
            #expect(KeyPair(secretText: text) == nil)
        }
        for text in ["\(known)", String(reflecting: known)] { #expect(!text.contains(known.secretText)) }
        for _ in 0..<200 { #expect(try !KeyPair.make().publicKey.text.hasPrefix("#")) }
    }
}

/// A TCP proxy for one connection that keeps what the connecting side says.
private final class Recorder: Sendable {
    let port: UInt16
    private let said = Mutex<[UInt8]>([])

    var bytes: [UInt8] { said.withLock { $0 } }

    init?(target: UInt16) {
        guard let listener = RawListener() else { return nil }
        port = listener.port
        let descriptor = dup(listener.descriptor)
        listener.close()
        try? OSThread.start(name: "recorder") { [self] in
            let client = accept(descriptor, nil, nil)
            Glibc.close(descriptor)
            guard client >= 0, let server = RawConnection(port: target) else { return }
            pump(client, server.descriptor)
            server.close()
            Glibc.close(client)
        }
    }

    private func pump(_ client: Int32, _ server: Int32) {
        var items = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while poll(&items, 2, 10_000) > 0 {
            for (index, sink) in [server, client].enumerated() where items[index].revents != 0 {
                let count = recv(items[index].fd, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                if index == 0 { said.withLock { $0 += buffer[..<count] } }
                guard send(sink, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }
}
