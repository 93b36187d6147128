internal import Hummingbird
internal import NIOCore

/// What a request's handler knows of its connection.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    /// Ends when the client has gone; one that never ends where nothing watches the connection, as in tests without
    /// one.
    func connectionEnd() async -> EndSignal {
        let channel = self.channel
        let found = channel.eventLoop.submit {
            try channel.pipeline.syncOperations.handler(type: ConnectionHandler.self).end
        }
        return (try? await found.get()) ?? EndSignal()
    }
}
