internal import ArgumentParser
internal import CascadeNode

/// Where the coordinator is: shared by every command that talks to one.
struct EndpointOptions: ParsableArguments {
    @Option(help: "The coordinator's endpoint.")
    var endpoint = EndpointOptions.defaultEndpoint

    @Option(help: "The key file to show there (default: that of a cluster which 'cascade up' runs here with keys).")
    var key: String?

    /// Loopback only: nothing is open to others unless somebody says so.
    static let defaultEndpoint = "tcp://127.0.0.1:5570"

    /// The key that was named; nil where none was.
    func namedKey() throws(NodeError) -> ConnectionKey? {
        guard let key else { return nil }
        return try ConnectionKey(path: key)
    }

    /// The key that was named, else the operator's of a cluster that `up` runs here; nil where there is neither.
    func connectionKey() throws(NodeError) -> ConnectionKey? {
        if let key = try namedKey() { return key }
        guard let record = ClusterRecord.read(endpoint: endpoint), let path = record.adminKey,
            ClusterRecord.isOurs(record.supervisor)
        else { return nil }
        return try ConnectionKey(path: path)
    }

    /// Connects, runs `body` and disconnects again, with node errors turned into exit codes.
    func withClient<Value>(_ body: (ClusterClient) async throws -> Value) async throws -> Value {
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
        } catch let error as NodeError {
            throw CommandFailure(error)
        }
    }
}

extension CommandFailure {
    /// The exit code of a node's or client's error.
    init(_ error: NodeError) {
        switch error {
        case .failed(let message): self = .failed(message)
        case .refused(let message): self = .refused(message)
        case .unreachable(let message): self = .unreachable(message)
        case .interrupted(let message): self = CommandFailure(code: 130, message: message)
        }
    }
}
