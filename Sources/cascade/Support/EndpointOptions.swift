internal import ArgumentParser
internal import CascadeHost
internal import CascadeKeys
internal import CascadeNode
internal import CascadeTransport

/// Where the coordinator is: shared by every command that talks to one.
struct EndpointOptions: ParsableArguments {
    @Option(help: "The coordinator's endpoint.")
    var endpoint = EndpointOptions.defaultEndpoint

    @Option(help: "The key file to show there (default: that of a cluster which 'cascade up' runs here with keys).")
    var key: String?

    /// The socket of this user's own, which is open to nobody else; where no cluster of `up` runs there, but one runs
    /// elsewhere on this machine, that one's.
    static let defaultEndpoint: String = {
        let running = ClusterRecord.runningEndpoints()
        guard running.count == 1, let only = running.first else { return RunFolder.endpoint }
        return only
    }()

    func validate() throws {
        // The default is nobody's mistake: it is checked where it is used.
        if endpoint != RunFolder.endpoint { try EndpointArgument.connect("--endpoint", endpoint) }
    }

    /// The key that was named; nil where none was.
    func namedKey() throws(CommandFailure) -> ConnectionKey? {
        guard let key else { return nil }
        return try Self.key(key)
    }

    /// The key that was named, else the operator's of a cluster that `up` runs here; nil where there is neither.
    func connectionKey() throws(CommandFailure) -> ConnectionKey? {
        if let key = try namedKey() { return key }
        guard let path = ClusterRecord.running(endpoint: endpoint)?.adminKey else { return nil }
        return try Self.key(path)
    }

    private static func key(_ path: String) throws(CommandFailure) -> ConnectionKey {
        do throws(KeyError) {
            return try ConnectionKey(path: path)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Connects, runs `body` and disconnects again, with node errors turned into exit codes.
    ///
    /// - Parameter patience: the seconds that `body` waits for an answer, for people who wait as well.
    func withClient<Value>(
        patience: Double = 5,
        _ body: (ClusterClient) async throws -> Value
    ) async throws -> Value {
        let place = try EndpointArgument.connect("--endpoint", endpoint)
        // Whether somebody listens at an endpoint of this machine is known at once.
        let occupancy = place.isLoopback ? place.probe(milliseconds: 100) : .taken
        // Who may not open a socket now may not a second later either.
        if place.tcp == nil, case .unreachable = occupancy, let cause = Self.cause(endpoint) {
            throw CommandFailure.unreachable(cause)
        }
        if occupancy == .free {
            let words = "no coordinator listens at \(endpoint), trying for \(secondsText(patience)) s"
            Output.note("cascade: \(words); \(Self.cause(endpoint) ?? Self.wayOut)")
        }
        return try await Self.withClient(endpoint, try connectionKey(), body)
    }

    /// As ``withClient(_:)``, with an endpoint and a key that are known.
    static func withClient<Value>(
        _ endpoint: String,
        _ key: ConnectionKey?,
        _ body: (ClusterClient) async throws -> Value
    ) async throws -> Value {
        do {
            let client = try ClusterClient(endpoint: endpoint, key: key)
            do {
                let value = try await body(client)
                await client.close()
                return value
            } catch {
                await client.close()
                throw error
            }
        } catch NodeError.unreachable(let message) {
            throw CommandFailure.unreachable("\(message); \(cause(endpoint) ?? wayOut)")
        } catch let error as NodeError {
            throw CommandFailure(error)
        }
    }

    private static let wayOut = "start one with 'cascade up', or name another with --endpoint"

    /// Why no coordinator answers: what `up` says of its cluster there, or the system of the host; nil where nobody
    /// knows.
    private static func cause(_ endpoint: String) -> String? {
        if let record = ClusterRecord.running(endpoint: endpoint) {
            if let trouble = ClusterRecord.trouble(endpoint: endpoint, roles: [ClusterRecord.coordinator]) {
                return trouble
            }
            let state = record.isReady ? "runs" : "starts"
            return
                "'cascade up' (process \(record.supervisor.pid)) \(state) a cluster there; try again, or end it with "
                + "'cascade down'"
        }
        guard let place = try? Endpoint(parsing: endpoint, for: .connect),
            case .unreachable(let reason) = place.probe(milliseconds: 500)
        else { return nil }
        guard let host = place.tcp?.host else {
            return "\(endpoint) cannot be opened: \(reason); if it is another user's, name one of yours with --endpoint"
        }
        return "the host \(host) cannot be reached: \(reason); name another with --endpoint"
    }
}

extension CommandFailure {
    /// The exit code of a node's or client's error.
    init(_ error: NodeError) {
        switch error {
        case .failed(let message): self = .failed(message)
        case .lacking(let message): self = CommandFailure(code: 1, message: message, mayPass: true)
        case .refused(let message): self = .refused(message)
        case .unreachable(let message): self = .unreachable(message)
        case .interrupted(let message): self = CommandFailure(code: 130, message: message)
        }
    }

    /// Keys that cannot be had.
    init(_ error: KeyError) {
        self = .failed("\(error)")
    }
}

/// Endpoints as people write them: one that makes no sense is wrong usage, and is told before anything waits for it.
enum EndpointArgument {
    /// Where a coordinator is reached; throws a usage error unless it can be.
    @discardableResult
    static func connect(_ option: String, _ text: String) throws -> Endpoint { try check(option, text, for: .connect) }

    /// Where a coordinator listens; throws a usage error unless other processes can meet it there.
    @discardableResult
    static func listen(_ option: String, _ text: String) throws -> Endpoint { try check(option, text, for: .bind) }

    private static func check(_ option: String, _ text: String, for use: Endpoint.Use) throws -> Endpoint {
        guard text.hasPrefix("tcp://") || text.hasPrefix("ipc://") else {
            throw ValidationError("\(option) must be tcp://host:port or ipc://path, not '\(text)'")
        }
        do throws(TransportError) {
            return try Endpoint(parsing: text, for: use)
        } catch {
            throw ValidationError("\(option): \(error)\(text == RunFolder.endpoint ? wayOut(option) : "")")
        }
    }

    /// The default endpoint, which nobody has named, cannot be used where the home folder's name is too long.
    private static func wayOut(_ option: String) -> String {
        "; this is the default, below the home folder: name another with \(option) (tcp://127.0.0.1:5570), or a folder "
            + "with a shorter name in XDG_STATE_HOME"
    }
}
