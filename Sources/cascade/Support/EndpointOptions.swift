internal import ArgumentParser
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

    /// The key that was named; nil where none was.
    func namedKey() throws(NodeError) -> ConnectionKey? {
        guard let key else { return nil }
        return try ConnectionKey(path: key)
    }

    /// The key that was named, else the operator's of a cluster that `up` runs here; nil where there is neither.
    func connectionKey() throws(NodeError) -> ConnectionKey? {
        if let key = try namedKey() { return key }
        guard let path = ClusterRecord.running(endpoint: endpoint)?.adminKey else { return nil }
        return try ConnectionKey(path: path)
    }

    /// Connects, runs `body` and disconnects again, with node errors turned into exit codes.
    func withClient<Value>(_ body: (ClusterClient) async throws -> Value) async throws -> Value {
        if Self.isFree(endpoint) {
            Output.note(
                "cascade: no coordinator listens at \(endpoint); waiting for one ('cascade up' starts a cluster, "
                    + "--endpoint names another)"
            )
        }
        do {
            return try await Self.withClient(endpoint, try connectionKey(), body)
        } catch let error as NodeError {
            throw CommandFailure(error)
        }
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
            guard let trouble = ClusterRecord.trouble(endpoint: endpoint, roles: [ClusterRecord.coordinator]) else {
                throw CommandFailure.unreachable(message)
            }
            throw CommandFailure.unreachable("no coordinator answers at \(endpoint): \(trouble)")
        } catch let error as NodeError {
            throw CommandFailure(error)
        }
    }

    /// Whether nobody listens at an endpoint of this machine, which is known at once.
    private static func isFree(_ endpoint: String) -> Bool {
        guard let place = try? Endpoint(parsing: endpoint, for: .connect), place.isLoopback else { return false }
        return place.probe(milliseconds: 100) == .free
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
}
