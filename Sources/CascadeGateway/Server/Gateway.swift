internal import Foundation
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
internal import ServiceLifecycle

/// Why a gateway cannot start, for people.
package struct GatewayStartError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// The HTTP server: OpenAI's protocol in front of a backend.
package struct Gateway: Service {
    private let configuration: GatewayConfiguration
    private let server: HTTPServerBuilder
    private let responder: GatewayResponder
    let runner: BatchRunner?
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// Checks the configuration and reads the certificate.
    ///
    /// - Parameter onListening: called once with the port that the server listens at.
    package init(
        backend: any CompletionBackend,
        configuration: GatewayConfiguration,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws(GatewayStartError) {
        let problem = ListenPolicy.problem(
            host: configuration.host,
            hasKeys: configuration.keys != nil,
            isInsecure: configuration.isInsecure
        )
        if let problem { throw GatewayStartError(description: problem) }
        self.configuration = configuration
        self.logger = logger
        self.onListening = onListening
        server = try Self.server(configuration)
        let metrics = GatewayMetrics()
        let runner = configuration.storage.map { storage in
            BatchRunner(
                storage: storage,
                backend: backend,
                configuration: configuration,
                metrics: metrics,
                logger: logger
            )
        }
        self.runner = runner
        responder = GatewayResponder(
            backend: backend,
            configuration: configuration,
            policy: OriginPolicy(
                allowedHosts: Set(configuration.allowedHosts.map { $0.lowercased() }),
                corsOrigins: Set(configuration.corsOrigins.map { $0.lowercased() }),
                checksHost: configuration.keys == nil || !configuration.allowedHosts.isEmpty
            ),
            metrics: metrics,
            batches: runner.map { BatchRoutes(runner: $0, limits: configuration.batches) },
            shutdown: EndSignal(),
            started: CreatedTime.now
        )
    }

    private static func server(_ configuration: GatewayConfiguration) throws(GatewayStartError) -> HTTPServerBuilder {
        let timeouts = ConnectionTimeouts(
            body: configuration.bodyTimeout,
            upload: configuration.batches.uploadTimeout,
            write: configuration.writeTimeout
        )
        let plain = HTTPServerBuilder.http1(
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [ConnectionHandler(timeouts: timeouts)],
                idleTimeout: TimeAmount(configuration.idleTimeout),
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: configuration.mostHeaderBytes,
                    maxHeaderListSize: configuration.mostHeaderBytes,
                    maxHeaderFieldCount: configuration.mostHeaders
                )
            )
        )
        guard let files = configuration.tls else { return plain }
        let chain: [NIOSSLCertificateSource]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(files.certificateChain).map { .certificate($0) }
        } catch {
            throw GatewayStartError(description: "no certificate can be read from \(files.certificateChain)")
        }
        do {
            let key = try NIOSSLPrivateKey(file: files.privateKey, format: .pem)
            let tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain,
                privateKey: .privateKey(key)
            )
            return try .tls(plain, tlsConfiguration: tls)
        } catch {
            throw GatewayStartError(
                description: "no private key of that certificate can be read from \(files.privateKey)"
            )
        }
    }

    /// What runs, for tests that ask it without a socket.
    func application() -> Application<GatewayResponder> {
        let onListening = self.onListening
        return Application(
            responder: responder,
            server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                serverName: "cascade",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.mostConnections, logger: logger)
            ),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    /// Serves until it is shut down. Then streams end with an error event and no request begins any more.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                if let keys = configuration.keys {
                    group.addTask {
                        while (try? await Task.sleep(for: configuration.keysInterval)) != nil {
                            keys.reload(logger: logger)
                        }
                    }
                }
                if let runner { group.addTask { await runner.run() } }
                try await application().run()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            responder.shutdown.end()
        }
    }
}
