import NIOCore
import NIOPosix
import Synchronization

/// A client that writes bytes and reads bytes, as slowly and as rudely as a test likes.
final class RawConnection: Sendable {
    private final class Reader: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let state = Mutex<(text: String, isClosed: Bool)>(("", false))

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            state.withLock { $0.text += text }
        }

        func channelInactive(context: ChannelHandlerContext) { state.withLock { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    private let reader: Reader

    private init(channel: any Channel, reader: Reader) { (self.channel, self.reader) = (channel, reader) }

    /// Connects to a port of loopback.
    ///
    /// - Parameter reads: whether it takes what comes; else that stays in the kernel's buffers.
    static func open(_ port: Int, reads: Bool = true) async throws -> RawConnection {
        let reader = Reader()
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 16_384)
            .channelInitializer { channel in channel.pipeline.addHandler(reader) }
        let channel = try await bootstrap.connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel: channel, reader: reader)
    }

    var text: String { reader.state.withLock(\.text) }
    var isClosed: Bool { reader.state.withLock(\.isClosed) }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    /// Posts a JSON body.
    func post(_ path: String, _ body: String) async throws {
        try await send(
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    /// Waits until the text has come.
    func wait(for text: String) async throws { try await eventually { self.text.contains(text) } }

    func close() async throws { try await channel.close().get() }
}

/// What was waited for did not come.
struct TooLate: Error {}

/// Waits until the condition holds, for half a minute at most.
func eventually(_ condition: () -> Bool) async throws {
    for _ in 0..<6_000 {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw TooLate()
}
