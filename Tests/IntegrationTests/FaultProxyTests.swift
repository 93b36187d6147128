import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// The proxy that other tests rely on: what comes through is what was sent, in order, and each fault is what it says.
@Suite struct FaultProxyTests {
    /// An echo server behind a proxy.
    private final class Echo: Sendable {
        let proxy: FaultProxy
        private let listener: Int32

        init() throws {
            let (listener, port) = try TCPSocket.listen()
            self.listener = listener
            proxy = try FaultProxy(target: port)
            Thread.detachNewThread {
                while let (socket, _) = TCPSocket.accept(listener) {
                    Thread.detachNewThread {
                        var buffer = [UInt8](repeating: 0, count: 65_536)
                        while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 {
                            guard TCPSocket.send(socket, Array(buffer[..<count])) else { break }
                        }
                        close(socket)
                    }
                }
            }
        }

        deinit {
            proxy.close()
            shutdown(listener, Int32(SHUT_RDWR))
        }

        func connect() throws -> Int32 { try #require(TCPSocket.connect(port: proxy.port)) }
    }

    /// What is read of a socket: bytes until there are so many, the end, or nothing for a while.
    private enum Ending { case enough, closed, reset, silence }

    private func read(_ socket: Int32, _ count: Int, milliseconds: Int32 = 20_000) -> (bytes: [UInt8], ending: Ending) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < count {
            var item = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&item, 1, milliseconds) > 0 else { return (bytes, .silence) }
            let received = recv(socket, &buffer, buffer.count, 0)
            if received < 0 { return (bytes, .reset) }
            if received == 0 { return (bytes, .closed) }
            bytes += buffer[..<received]
        }
        return (bytes, .enough)
    }

    private func message(_ count: Int) -> [UInt8] {
        var draws = SeededGenerator(seed: 7)
        return draws.bytes(count)
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (LineConditions(), 3_000_000),
            (LineConditions(latency: .milliseconds(20), jitter: .milliseconds(20)), 900_000),
            (LineConditions(sliceBytes: 1...7), 20_000), (LineConditions(bytesPerSecond: 1_000_000), 200_000),
            (
                LineConditions(latency: .milliseconds(1), sliceBytes: 1...7, passage: .flapping(.milliseconds(30))),
                20_000
            ),
        ]
    )
    func bytesComeUnchangedAndInOrder(_ conditions: LineConditions, _ count: Int) throws {
        let echo = try Echo()
        echo.proxy.set(conditions)
        let message = message(count)
        let socket = try echo.connect()
        defer { close(socket) }
        Thread.detachNewThread { TCPSocket.send(socket, message) }
        let (bytes, ending) = read(socket, count)
        #expect(bytes == message && ending == .enough)
        #expect(echo.proxy.bytes(.toServer) == count)
    }

    @Test(.timeLimit(.minutes(1))) func latencyAndBandwidthTakeTheirTime() throws {
        let echo = try Echo()
        let socket = try echo.connect()
        defer { close(socket) }
        echo.proxy.set(LineConditions(latency: .milliseconds(60)), .toServer)
        echo.proxy.set(LineConditions(latency: .milliseconds(90)), .toClient)
        var start = ContinuousClock.now
        TCPSocket.send(socket, [1])
        #expect(read(socket, 1).bytes == [1])
        #expect(start.duration(to: .now) >= .milliseconds(150))
        echo.proxy.set(LineConditions(), .toServer)
        echo.proxy.set(LineConditions(bytesPerSecond: 100_000), .toClient)
        start = .now
        TCPSocket.send(socket, message(30_000))
        #expect(read(socket, 30_000).ending == .enough)
        #expect(start.duration(to: .now) >= .milliseconds(250))
    }

    @Test(.timeLimit(.minutes(1)), arguments: FaultProxy.Direction.allCases)
    func aCutHoldsBytesUntilItHeals(_ direction: FaultProxy.Direction) throws {
        let echo = try Echo()
        let socket = try echo.connect()
        defer { close(socket) }
        TCPSocket.send(socket, [1])
        #expect(read(socket, 1).bytes == [1])
        echo.proxy.set(LineConditions(passage: .held), direction)
        TCPSocket.send(socket, [2, 3])
        #expect(read(socket, 1, milliseconds: 300).ending == .silence)
        // It was cut one way: the bytes have come as far as that.
        #expect(echo.proxy.bytes(.toServer) == (direction == .toServer ? 1 : 3))
        echo.proxy.heal()
        #expect(read(socket, 2).bytes == [2, 3])
    }

    @Test(.timeLimit(.minutes(1))) func theEndOfAConnectionWaitsBehindACut() throws {
        let echo = try Echo()
        let socket = try echo.connect()
        TCPSocket.send(socket, [1])
        #expect(read(socket, 1).bytes == [1])
        echo.proxy.set(LineConditions(passage: .held))
        close(socket)
        usleep(200_000)
        #expect(echo.proxy.connections == 1)
        echo.proxy.heal()
        for _ in 0..<200 where echo.proxy.connections > 0 { usleep(20_000) }
        #expect(echo.proxy.connections == 0)
    }

    @Test(.timeLimit(.minutes(1))) func whatIsSwallowedStaysSwallowed() throws {
        let echo = try Echo()
        let socket = try echo.connect()
        defer { close(socket) }
        echo.proxy.set(LineConditions(passage: .swallowed), .toServer)
        TCPSocket.send(socket, [1])
        #expect(read(socket, 1, milliseconds: 200).ending == .silence)
        echo.proxy.heal()
        TCPSocket.send(socket, [2])
        #expect(read(socket, 1, milliseconds: 200).ending == .silence)
        let other = try echo.connect()
        defer { close(other) }
        TCPSocket.send(other, [3])
        #expect(read(other, 1).bytes == [3])
    }

    @Test(.timeLimit(.minutes(1))) func connectionsEndAsAsked() throws {
        let echo = try Echo()
        func isEnded(_ end: (FaultProxy) -> Void) throws -> Ending {
            echo.proxy.heal()
            let socket = try echo.connect()
            defer { close(socket) }
            TCPSocket.send(socket, [1])
            #expect(read(socket, 1).bytes == [1])
            end(echo.proxy)
            return read(socket, 1).ending
        }
        #expect(try isEnded { $0.reset() } == .reset)
        #expect(try isEnded { $0.hangUp() } == .closed)
        #expect(try isEnded { $0.goDown() } == .reset)
        #expect(TCPSocket.connect(port: echo.proxy.port) == nil, "refused while it is down")
        echo.proxy.heal()
        for _ in 0..<200 {
            guard let socket = TCPSocket.connect(port: echo.proxy.port) else {
                usleep(20_000)
                continue
            }
            defer { close(socket) }
            TCPSocket.send(socket, [1])
            #expect(read(socket, 1).bytes == [1])
            return
        }
        Issue.record("nobody gets in")
    }

    @Test(.timeLimit(.minutes(1))) func aLimitCutsInTheMiddle() throws {
        let echo = try Echo()
        echo.proxy.set(LineConditions(closesAfterBytes: 1_000), .toClient)
        let socket = try echo.connect()
        defer { close(socket) }
        TCPSocket.send(socket, message(5_000))
        let (bytes, ending) = read(socket, 5_000)
        #expect(bytes == Array(message(5_000)[..<1_000]))
        #expect(ending != .enough && ending != .silence)
    }

    @Test(.timeLimit(.minutes(1))) func aSlowCloseComesLate() throws {
        let (listener, port) = try TCPSocket.listen()
        defer { close(listener) }
        let proxy = try FaultProxy(target: port)
        defer { proxy.close() }
        proxy.set(LineConditions(closeDelay: .milliseconds(300)))
        let socket = try #require(TCPSocket.connect(port: proxy.port))
        defer { close(socket) }
        let (server, _) = try #require(TCPSocket.accept(listener))
        TCPSocket.send(server, [1])
        #expect(read(socket, 1).bytes == [1])
        let start = ContinuousClock.now
        close(server)
        #expect(read(socket, 1).ending == .closed)
        #expect(start.duration(to: .now) >= .milliseconds(300))
    }

    @Test(.timeLimit(.minutes(1))) func newConnectionsAreLedElsewhere() throws {
        let (first, second) = (try Echo(), try TCPSocket.listen())
        defer { close(second.socket) }
        first.proxy.lead(to: second.port)
        let socket = try first.connect()
        defer { close(socket) }
        let (server, _) = try #require(TCPSocket.accept(second.socket))
        defer { close(server) }
        TCPSocket.send(socket, [9])
        #expect(read(server, 1).bytes == [9])
    }
}
