internal import ArgumentParser
internal import CascadeHost
internal import CascadeKeys
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

/// How much a process tells on standard error.
struct LogOptions: ParsableArguments {
    @Option(help: "Least level that is logged: trace, debug, info, notice, warning, error.")
    var logLevel = "info"

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("log level '\(logLevel)' is not one of trace, debug, info, notice, warning, error")
        }
    }

    /// The process's logger, to standard error.
    func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler(label: $0, stream: LogLines()) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        return logger
    }
}

/// A log on standard error with one line for each event, whatever the names and messages of peers have in them.
private struct LogLines: TextOutputStream {
    /// Writes one event.
    mutating func write(_ event: String) {
        Output.note(Printable.line(event.hasSuffix("\n") ? String(event.dropLast()) : event))
    }
}

/// Who may reach a coordinator.
enum ListenPolicy {
    /// The keys that connections need; nil where everybody who gets to the endpoint is taken.
    ///
    /// What only this machine reaches needs none unless a folder is named; everything else needs the folder's, unless
    /// the user insists.
    static func keys(listen: String, insecure: Bool, folder: String?, logger: Logger) throws -> CoordinatorKeys? {
        let isLoopback = try endpoint(listen).isLoopback
        if insecure || (isLoopback && folder == nil) { return nil }
        do {
            let keys = try KeysFolder(named: folder)
            guard try folder != nil || keys.hasKeys() else {
                throw CommandFailure.usage(
                    """
                    \(listen) can be reached from other machines, and there are no keys yet: make one for each node \
                    and user ('cascade keys new expert-2 --role expert'), or pass --insecure where the network itself \
                    is private, or listen on 127.0.0.1
                    """
                )
            }
            return try keys.coordinatorKeys(logger: logger)
        } catch let error as KeyError {
            throw CommandFailure(error)
        }
    }

    /// A checked endpoint to listen on.
    static func endpoint(_ listen: String) throws(CommandFailure) -> Endpoint {
        do throws(TransportError) {
            return try Endpoint(parsing: listen, for: .bind)
        } catch {
            throw CommandFailure.usage("\(error)")
        }
    }
}
