import CascadeTestSupport
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
        (listener, port) = try TCPSocket.listen()
        Thread.detachNewThread { [self] in accept() }
    }

    /// What was said so far.
    var bytes: [UInt8] { said.withLock { $0 } }

    private func accept() {
        let client = TCPSocket.accept(listener)?.socket
        Glibc.close(listener)
        guard let client, let server = TCPSocket.connect(port: target) else { return }
        Thread.detachNewThread { [self] in pump(from: server, to: client, keep: false) }
        pump(from: client, to: server, keep: true)
    }

    private func pump(from source: Int32, to sink: Int32, keep: Bool) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0, TCPSocket.send(sink, Array(buffer[..<count])) else { break }
            if keep { said.withLock { $0 += buffer[..<count] } }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }
}
