import Foundation
import Synchronization

/// A TCP proxy that keeps what the first connecting side says, byte for byte.
final class RawRecorder: Sendable {
    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let said = Mutex<[UInt8]>([])

    init(target: UInt16) throws {
        self.target = target
        (listener, port) = try LoopbackSocket.listen()
        Thread.detachNewThread { [self] in accept() }
    }

    /// What was said so far.
    var bytes: [UInt8] { said.withLock { $0 } }

    private func accept() {
        let client = Glibc.accept(listener, nil, nil)
        Glibc.close(listener)
        guard client >= 0, let server = LoopbackSocket.connect(port: target) else { return }
        // A process that another test spawns must not keep the connection open.
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        Thread.detachNewThread { [self] in pump(from: server, to: client, keep: false) }
        pump(from: client, to: server, keep: true)
    }

    private func pump(from source: Int32, to sink: Int32, keep: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, LoopbackSocket.send(sink, Array(buffer[..<count])) else { break }
            if keep { said.withLock { $0 += buffer[..<count] } }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }
}
