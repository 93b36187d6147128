import CascadeCore
import CascadeHost
import Glibc
import Synchronization
import Testing

@testable import CascadeTransport

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}

@Suite(.timeLimit(.minutes(1)))
struct ReactorTests {
    @Test func wakesFromManyThreadsLoseNothing() async throws {
        let probe = Probe()
        let reactor = try probe.start(.router(bind: "tcp://127.0.0.1:0"))
        let done = Counter()
        let threads = 4
        let jobsPerThread = 2000
        await withTaskGroup { group in
            for _ in 0..<threads {
                group.addTask {
                    for _ in 0..<jobsPerThread {
                        probe.state.withLock { $0.jobs.append { _ in done.value.add(1, ordering: .relaxed) } }
                        reactor.wake()
                    }
                }
            }
        }
        let total = threads * jobsPerThread
        #expect(await eventually { done.value.load(ordering: .relaxed) == total })
        #expect(probe.state.withLock { $0.wakes } <= total)
        reactor.stop("done")
        await reactor.waitUntilStopped()
        // Too late, but harmless.
        reactor.wake()
        reactor.stop("again")
        #expect(reactor.join() == .requested("done"))
    }

    @Test func deadlinesFireInTimeAndInOrder() async throws {
        let probe = Probe()
        let reactor = try probe.start(.router(bind: "tcp://127.0.0.1:0"))
        let start = MonotonicClock.now()
        let offsets: [UInt64] = [300, 20, 150, 21, 90, 1, 250]
        await probe.run(on: reactor) { _ in
            probe.state.withLock { $0.deadlines = offsets.map { start.advanced(milliseconds: $0) } }
        }
        #expect(await eventually { probe.state.withLock { $0.fired.count } == offsets.count })
        let fired = probe.state.withLock { $0.fired }
        #expect(fired.map(\.deadline) == offsets.sorted().map { start.advanced(milliseconds: $0) })
        for (deadline, at) in fired {
            #expect(at >= deadline)
            // Generous: the machine may be busy with other tests.
            #expect(at.milliseconds(since: deadline) < 250)
        }
        reactor.stop("done")
        await reactor.waitUntilStopped()
    }

    @Test func messagesDoNotStarveDeadlines() async throws {
        var options = TransportOptions()
        options.messagesPerTurn = 8
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"), options)
        let flood = Probe(echoes: true)
        let dealer = try flood.start(.dealer(connect: router.boundEndpoint))
        #expect(await eventually { flood.isConnected })
        // Both sides echo: these messages go round and round.
        for _ in 0..<200 { _ = await flood.send([[7]], on: dealer) }
        let deadline = MonotonicClock.now().advanced(milliseconds: 30)
        await server.run(on: router) { _ in server.state.withLock { $0.deadlines = [deadline] } }
        #expect(await eventually { server.state.withLock { !$0.fired.isEmpty } })
        let late = try #require(server.state.withLock { $0.fired.first?.at }).milliseconds(since: deadline)
        #expect(late < 250)
        #expect(server.received.count > 200)
        dealer.stop("done")
        router.stop("done")
        await dealer.waitUntilStopped()
        await router.waitUntilStopped()
    }

    @Test func listeningFailsWithWhatToDo() throws {
        let first = try Probe().start(.router(bind: "tcp://127.0.0.1:0"))
        defer {
            first.stop("done")
            first.join()
        }
        let taken = first.boundEndpoint
        let expected: [(String, TransportError)] = [
            (taken, .addressInUse(endpoint: taken)),
            ("tcp://192.0.2.1:5555", .addressNotAvailable(endpoint: "tcp://192.0.2.1:5555")),
            ("tcp://no-such-interface:5555", .addressNotAvailable(endpoint: "tcp://no-such-interface:5555")),
            (
                "ipc:///no/such/folder/x.sock",
                .badEndpoint(endpoint: "ipc:///no/such/folder/x.sock", reason: "its folder does not exist")
            ),
        ]
        for (endpoint, error) in expected {
            let thrown = #expect(throws: TransportError.self) { try Probe().start(.router(bind: endpoint)) }
            #expect(thrown == error)
            #expect("\(error)".contains(endpoint))
        }
        #expect(throws: TransportError.self) { try Probe().start(.dealer(connect: "nonsense")) }
    }

    @Test func ipcNeverDeletesWhatIsNotItsOwn() async throws {
        var template = Array("/tmp/cascade-ipc-XXXXXX".utf8CString)
        let folder = mkdtemp(&template).map { String(cString: $0) }
        let path = try #require(folder) + "/socket"
        defer {
            unlink(path)
            rmdir(String(path.dropLast("/socket".count)))
        }
        // A plain file stays.
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        #expect(throws: TransportError.self) { try Probe().start(.router(bind: "ipc://" + path)) }
        #expect(access(path, F_OK) == 0)
        unlink(path)
        // So does another's live socket.
        let server = Probe(echoes: true)
        let first = try server.start(.router(bind: "ipc://" + path))
        let error = #expect(throws: TransportError.self) { try Probe().start(.router(bind: "ipc://" + path)) }
        #expect(error == .addressInUse(endpoint: "ipc://" + path))
        let client = Probe()
        let dealer = try client.start(.dealer(connect: "ipc://" + path))
        #expect(await eventually { client.isConnected })
        #expect(await client.send([[1]], on: dealer) == .sent)
        #expect(await eventually { client.received.count == 1 })
        dealer.stop("done")
        first.stop("done")
        await dealer.waitUntilStopped()
        await first.waitUntilStopped()
        // A dead one's is replaced.
        makeStaleSocket(path)
        #expect(access(path, F_OK) == 0)
        let second = try Probe().start(.router(bind: "ipc://" + path))
        second.stop("done")
        await second.waitUntilStopped()
    }

    private func makeStaleSocket(_ path: String) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        close(descriptor)
    }

    @Test func limitsOfFramesAndBytes() async throws {
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        var lax = TransportOptions()
        lax.maxFrames = 100
        lax.maxFrameBytes = 32 << 20
        lax.maxMessageBytes = 64 << 20
        lax.maxUnfinishedBytes = 64 << 20
        let client = Probe()
        let dealer = try client.start(.dealer(connect: router.boundEndpoint), lax)
        #expect(await eventually { client.isConnected })

        // Too many frames, too many bytes, too large a frame: each ends the connection, which is made anew.
        let large = [UInt8](repeating: 2, count: 1 << 20)
        let bad = [[[UInt8]](repeating: [1], count: 11), [large, large, large], [large + large + [4]]]
        for (round, message) in bad.enumerated() {
            #expect(await client.send(message, on: dealer) == .sent)
            #expect(
                await eventually {
                    client.events.count { if case .connected = $0 { true } else { false } } == round + 2
                }
            )
            #expect(await client.send([[UInt8]](repeating: [3], count: 10), on: dealer) == .sent)
            #expect(await eventually { client.received.count == round + 1 })
        }
        #expect(client.received.allSatisfy { $0.frames == [[UInt8]](repeating: [3], count: 10) })
        let counters = await server.run(on: router) { $0.counters }
        #expect(counters.messagesReceived == 3 && counters.disconnections == 3 && counters.droppedForFrames == 1)
        #expect(counters.droppedForBytes + counters.cutForUnfinished == 1)
        #expect(server.sees { if case .cutOff = $0 { true } else { false } })

        // The strict side refuses to send such messages itself.
        let peer = try #require(server.received.last?.peer)
        #expect(await server.send([], to: peer, on: router) == .refused(.noFrames))
        let many = [[UInt8]](repeating: [1], count: 11)
        #expect(await server.send(many, to: peer, on: router) == .refused(.tooManyFrames(count: 11, limit: 10)))
        #expect(
            await server.send([large + large + [4]], to: peer, on: router)
                == .refused(.frameTooLarge(bytes: (2 << 20) + 1, limit: 2 << 20))
        )
        #expect(
            await server.send([large, large, large], to: peer, on: router)
                == .refused(.messageTooLarge(bytes: 3 << 20, limit: 2 << 20))
        )
        dealer.stop("done")
        router.stop("done")
        await dealer.waitUntilStopped()
        await router.waitUntilStopped()
    }

    /// 200 dealers come and go; descriptors and threads of all of them must be gone, too.
    @Test func comingAndGoingLeaksNothing() async throws {
        let server = Probe(echoes: true)
        let router = try server.start(.router(bind: "tcp://127.0.0.1:0"))
        func cycle() async throws {
            let client = Probe()
            let dealer = try client.start(.dealer(connect: router.boundEndpoint))
            #expect(await eventually { client.isConnected })
            #expect(await client.send([[9]], on: dealer) == .sent)
            #expect(await eventually { client.received.count == 1 })
            dealer.stop("done")
            await dealer.waitUntilStopped()
        }
        try await cycle()
        let (descriptors, threads) = (entries("/proc/self/fd"), entries("/proc/self/task"))
        for _ in 0..<200 { try await cycle() }
        // Other tests open and close things meanwhile; a leak of one per cycle would stay above this bound.
        #expect(await eventually { entries("/proc/self/fd") < descriptors + 100 })
        #expect(await eventually { entries("/proc/self/task") < threads + 100 })
        #expect(await eventually { server.events.count { if case .disconnected = $0 { true } else { false } } == 201 })
        let counters = await server.run(on: router) { $0.counters }
        #expect(counters.connections == 201 && counters.messagesReceived == 201)
        router.stop("done")
        await router.waitUntilStopped()
    }

    private func entries(_ path: String) -> Int {
        guard let folder = opendir(path) else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}
