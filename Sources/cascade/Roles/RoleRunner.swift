internal import CascadeHost
internal import CascadeNode
internal import CascadeTransport
internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Runs one role's service until it ends or a signal asks it to.
enum RoleRunner {
    /// SIGTERM, SIGINT and the end of the terminal stop gracefully: goodbyes are said, sockets are closed. So does the
    /// end of the `up` that started the role, unless `endsWithParent` is false.
    static func run(_ service: some Service, logger: Logger, endsWithParent: Bool = true) async throws {
        try checkThreads(endsWithParent)
        if endsWithParent, let trouble = ProcessHealth.trouble() {
            logger.warning("'cascade health --process' will not find this process", metadata: ["cause": "\(trouble)"])
        }
        try await serve(service)
    }

    /// Starts what ends a role with its parent. Throws, in words, where the threads that a role takes at least cannot
    /// be had: the libraries that start them abort or hang.
    private static func checkThreads(_ endsWithParent: Bool) throws(CommandFailure) {
        do throws(HostError) {
            try OSThread.checkRoom(for: 4 + min(AvailableCores.inMask, 4))
            if endsWithParent { try Lifeline.endWithParent() }
        } catch {
            // Others of this user may end.
            throw CommandFailure(code: 1, message: "\(error)", mayPass: true)
        }
    }

    private static func serve(_ service: some Service) async throws {
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: NamedService(service: service),
                    successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .cancelGroup
                )
            ],
            gracefulShutdownSignals: [.sigterm, .sigint] + (IgnoredSignals.atStart.contains(SIGHUP) ? [] : [.sighup]),
            logger: Logger(label: "lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as NodeError {
            throw CommandFailure(error)
        } catch let error as TransportError {
            // An endpoint that makes no sense, for instance.
            throw CommandFailure.failed("\(error)")
        }
    }
}

/// A service that is described by its type's name: the library asks every service for a description at the start, and
/// what Swift makes of a node, with a tokenizer of 150,000 strings in it, takes seconds.
private struct NamedService<Wrapped: Service>: Service, CustomStringConvertible {
    let service: Wrapped

    var description: String { "\(Wrapped.self)" }

    func run() async throws { try await service.run() }
}
