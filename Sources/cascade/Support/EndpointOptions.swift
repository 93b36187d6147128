internal import ArgumentParser
internal import CascadeNode

/// Where the coordinator is: shared by every command that talks to one.
struct EndpointOptions: ParsableArguments {
    @Option(help: "The coordinator's endpoint.")
    var endpoint = EndpointOptions.defaultEndpoint

    /// Loopback only: nothing is open to others unless somebody says so.
    static let defaultEndpoint = "tcp://127.0.0.1:5570"

    /// Connects, runs `body` and disconnects again, with node errors turned into exit codes.
    func withClient<Value>(_ body: (ClusterClient) async throws -> Value) async throws -> Value {
        do {
            let client = try ClusterClient(endpoint: endpoint)
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
        }
    }
}
