internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// What a connection is watched for, in its channel's pipeline.
struct ConnectionTimeouts: Equatable, Sendable {
    /// From a request's head to the end of its body.
    var body: Duration
    /// The same for a file that is uploaded.
    var upload: Duration
    /// How long a client may leave what was sent to it unread.
    var write: Duration
}

/// Watches one connection: tells when the client has gone, and closes it where the client is too slow to send its
/// request or to read its answer. All of it happens on the channel's event loop.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    /// Ends when the client does not read any more, or has closed its side: then it is taken for gone, as proxies do.
    let end = EndSignal()
    private let timeouts: ConnectionTimeouts
    private var bodyDeadline: Scheduled<Void>?
    private var writeDeadline: Scheduled<Void>?

    init(timeouts: ConnectionTimeouts) { self.timeouts = timeouts }

    private func close(_ context: ChannelHandlerContext, after duration: Duration) -> Scheduled<Void> {
        // The context belongs to the channel's own loop, which runs the timer.
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let isUpload = head.method == .post && head.path?.hasPrefix("/v1/files") == true
            bodyDeadline = close(context, after: isUpload ? timeouts.upload : timeouts.body)
        case .body: break
        case .end:
            bodyDeadline?.cancel()
            bodyDeadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeDeadline?.cancel()
        writeDeadline = context.channel.isWritable ? nil : close(context, after: timeouts.write)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { end.end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { finish() }

    private func finish() {
        bodyDeadline?.cancel()
        writeDeadline?.cancel()
        (bodyDeadline, writeDeadline) = (nil, nil)
        end.end()
    }
}

// It never leaves its event loop; only ``ConnectionHandler/end`` does.
@available(*, unavailable)
extension ConnectionHandler: Sendable {}
