internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeStore
internal import CascadeTransport
package import Logging
internal import ServiceLifecycle

/// The coordinator's process: one reactor thread on which the pure state machine runs.
package struct CoordinatorService: Service {
    private let configuration: CoordinatorConfiguration
    private let logger: Logger

    /// Creates the service; nothing is bound before ``run()``.
    package init(configuration: CoordinatorConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Serves until the process is asked to stop, or its store fails.
    package func run() async throws {
        DescriptorLimit.adjust()
        let journal: Journal?
        do throws(StoreError) {
            // Before anybody can connect: what is in it may make peers unwelcome.
            journal = if let path = configuration.store { try Journal(SQLiteJobStore(path: path)) } else { nil }
        } catch {
            throw NodeError(error)
        }
        let reactor: Reactor
        do throws(TransportError) {
            reactor = try Reactor.start(
                role: .router(bind: configuration.listen),
                options: TransportOptions(),
                security: configuration.keys.map { .server($0.pair, $0.allowList) } ?? .none,
                name: "coordinator"
            ) { [configuration, logger] handle in
                CoordinatorDriver(configuration: configuration, journal: journal, handle: handle, logger: logger)
            }
        } catch {
            throw NodeError(error)
        }
        let cause = await withGracefulShutdownHandler {
            await reactor.waitUntilStopped()
        } onGracefulShutdown: {
            reactor.stop("asked to")
        }
        ProcessHealth(role: "coordinator", state: "stopped", note: "").remove()
        do throws(StoreError) {
            try journal?.close()
        } catch {
            throw NodeError(error, adding: "; nothing more was acknowledged; what was is there after a restart")
        }
        if case .failed(let error) = cause { throw NodeError(error) }
    }
}

extension NodeError {
    /// A store's error.
    fileprivate init(_ error: StoreError, adding words: String = "") {
        let message = "\(error)\(words)"
        self = error.mayPass ? .lacking(message) : .failed(message)
    }

    /// A listener's error.
    fileprivate init(_ error: TransportError) {
        switch error {
        case .addressInUse, .addressNotAvailable, .host, .system: self = .lacking("\(error)")
        case .badEndpoint, .permissionDenied, .badOption: self = .failed("\(error)")
        }
    }
}
