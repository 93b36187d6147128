import Foundation
import Synchronization

/// A TCP proxy in a ``VirtualNetwork``'s router: it answers at the first machine's address, hands everything on to that
/// machine, and adds latency both ways, for many connections at once. Connections with keys are encrypted: it sees who
/// sends and how much, not what.
final class DelayProxy: Sendable {
    enum Direction: Sendable {
        case toCoordinator
        case toMachine
    }

    /// Is told of bytes of a connection with a machine before they wait; false makes the line swallow them and all that
    /// follow them.
    typealias Watch = @Sendable (_ machine: String, Direction, _ bytes: Int) -> Bool

    private static let port: UInt16 = 5570
    private let delay: Duration
    private let listener = Mutex<Int32>(-1)
    private let watch: Watch

    /// Listens at port 5570; `delay` is added each way.
    init(_ network: VirtualNetwork, delay: Duration, watch: @escaping Watch = { _, _, _ in true }) throws {
        self.delay = delay
        self.watch = watch
        let started = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            // Sockets belong to the namespace of the thread that makes them; this one does nothing else.
            let socket = Self.enter(network.router) ? Self.socket() : -1
            let isListening =
                Self.withAddress(VirtualNetwork.entrance) { bind(socket, $0, $1) } == 0 && listen(socket, 64) == 0
            listener.withLock { $0 = isListening ? socket : -1 }
            started.signal()
            if isListening { accept(socket, network) }
        }
        started.wait()
        guard listener.withLock({ $0 }) >= 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    }

    /// Takes no more connections; those that stand end with the processes at their ends.
    func close() {
        listener.withLock { socket in
            if socket >= 0 { shutdown(socket, Int32(SHUT_RDWR)) }
            socket = -1
        }
    }

    private func accept(_ socket: Int32, _ network: VirtualNetwork) {
        while true {
            var peer = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let client = withUnsafeMutablePointer(to: &peer) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.accept(socket, $0, &size) }
            }
            guard client >= 0 else {
                Glibc.close(socket)
                return
            }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            let server = Self.socket()
            let ends = Ends(client: client, server: server)
            guard Self.withAddress(VirtualNetwork.behind, { connect(server, $0, $1) }) == 0,
                let machine = network.machine(at: Self.text(peer))
            else { continue }
            for descriptor in [client, server] {
                // The delay is ours alone.
                var on: Int32 = 1
                setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            }
            pump(ends, from: client, to: server) { [watch] in watch(machine, .toCoordinator, $0) }
            pump(ends, from: server, to: client) { [watch] in watch(machine, .toMachine, $0) }
        }
    }

    /// Carries bytes one way on two threads until one end closes.
    private func pump(
        _ ends: Ends,
        from source: Int32,
        to sink: Int32,
        watch: @escaping @Sendable (Int) -> Bool
    ) {
        let line = DelayLine(delay: delay)
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var isSilent = false
            while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
                isSilent = isSilent || !watch(count)
                if !isSilent { line.append(Array(buffer[..<count])) }
            }
            line.append(nil)
            withExtendedLifetime(ends) {}
        }
        Thread.detachNewThread {
            var isOpen = true
            while let bytes = line.next() {
                if isOpen { isOpen = LoopbackSocket.send(sink, bytes) }
                if !isOpen { shutdown(source, Int32(SHUT_RDWR)) }
            }
            ends.shutDown()
        }
    }

    private static func socket() -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private static func withAddress<R>(_ text: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func text(_ address: sockaddr_in) -> String {
        let number = UInt32(bigEndian: address.sin_addr.s_addr)
        return [24, 16, 8, 0].map { "\(number >> $0 & 255)" }.joined(separator: ".")
    }

    /// Moves this thread into a namespace; false where that cannot be done.
    private static func enter(_ namespace: String) -> Bool {
        // A glibc extension, which the module map hides; so is the constant.
        typealias SetNamespace = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "setns") else { return false }
        // What glibc's manual says of setns: int setns(int fd, int nstype).
        let setNamespace = unsafeBitCast(symbol, to: SetNamespace.self)
        let file = open("/run/netns/\(namespace)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { Glibc.close(file) }
        return setNamespace(file, 0x4000_0000) == 0
    }
}

/// The two sockets of a connection, closed when nobody uses them any more.
private final class Ends: Sendable {
    private let client: Int32
    private let server: Int32

    init(client: Int32, server: Int32) { (self.client, self.server) = (client, server) }

    deinit { for descriptor in [client, server] where descriptor >= 0 { close(descriptor) } }

    func shutDown() { for descriptor in [client, server] { shutdown(descriptor, Int32(SHUT_RDWR)) } }
}
