internal import CascadeCore
internal import CascadeGateway
internal import CascadeHost
internal import CascadeKeys
internal import CascadeNode
internal import Logging
internal import ServiceLifecycle

/// A gateway and its connection to the cluster.
struct GatewayService: Service {
    /// Where it listens; nil for the standard address, or the next port that is free.
    let address: HTTPAddress?
    /// How it serves, but for the address.
    let configuration: GatewayConfiguration
    /// The coordinator, and the key that is shown there.
    let endpoint: String
    let key: ConnectionKey?
    let logger: Logger

    /// Seconds that a job waits for a coordinator that is away.
    private static let patience = 30.0

    func run() async throws {
        let client = try ClusterClient(endpoint: endpoint, key: key)
        let session = ClusterSession(client: client, patience: Self.patience)
        let isListening = RaisedFlag()
        defer { Self.health("stopped", "").remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await session.run() }
            group.addTask { await watch(session, isListening) }
            do {
                try await serve(session, isListening)
            } catch {
                await client.close()
                group.cancelAll()
                throw error
            }
            await client.close()
            group.cancelAll()
        }
    }

    /// Serves until it is shut down.
    private func serve(_ session: ClusterSession, _ isListening: RaisedFlag) async throws {
        var place = address ?? .standard
        for attempt in 1... {
            if address == nil {
                guard let free = place.nextFree(tries: HTTPAddress.tries) else {
                    throw CommandFailure.failed(
                        "no port from \(place.port) on is free: name an address with --http, or --http none"
                    )
                }
                place = free
            }
            do {
                return try await gateway(session, at: place, isListening).run()
            } catch let error as CommandFailure {
                throw error
            } catch {
                // Another process may have come first.
                if address == nil, !isListening.isRaised, attempt < HTTPAddress.tries {
                    place.port += 1
                    continue
                }
                throw CommandFailure.failed("HTTP at \(place.defaultValueDescription): \(error)")
            }
        }
    }

    private func gateway(
        _ session: ClusterSession,
        at place: HTTPAddress,
        _ isListening: RaisedFlag
    ) throws(CommandFailure) -> Gateway {
        var configuration = configuration
        (configuration.host, configuration.port) = (place.host, place.port)
        let isTLS = configuration.tls != nil
        do throws(GatewayStartError) {
            return try Gateway(
                backend: ClusterBackend(session: session),
                configuration: configuration,
                logger: logger
            ) { [logger] port in
                let url = place.url(port: port, isTLS: isTLS)
                logger.notice("serving HTTP", metadata: ["address": "\(url)"])
                Lifeline.say(.listening(url))
                isListening.raise()
            }
        } catch {
            throw .usage("\(error)")
        }
    }

    private static func health(_ state: String, _ note: String) -> ProcessHealth {
        ProcessHealth(role: "gateway", state: state, note: note)
    }

    /// Says each second how it is, and who started it in which boot of the coordinator it serves.
    private func watch(_ session: ClusterSession, _ isListening: RaisedFlag) async {
        var told: UInt64?
        while !Task.isCancelled {
            let boot = try? await session.status().boot
            if let boot, boot != told, isListening.isRaised {
                told = boot
                Lifeline.say(.serving(boot: boot))
            }
            Self.health(boot == nil ? "loading" : "ready", boot == nil ? "the coordinator does not answer" : "").write()
            try? await Task.sleep(for: .milliseconds(told == nil ? 50 : 1_000))
        }
    }
}
