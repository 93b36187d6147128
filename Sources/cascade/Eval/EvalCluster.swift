internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode
internal import Foundation

/// A run's way to its cluster: connections for the jobs in flight, closed when the run ends.
struct EvalCluster {
    /// The models that answer.
    struct Pair: Sendable {
        var drafter: String
        var expert: String
    }

    /// The cluster's models.
    let pair: Pair
    private let clients: [ClusterClient]
    private let options: SubmitClusterOptions
    /// Raised by Ctrl-C.
    private let interruption: RaisedFlag

    /// Connects, and runs `body`; Ctrl-C cancels the jobs in flight.
    static func with<Value>(
        _ options: SubmitClusterOptions,
        connections: Int,
        _ body: (EvalCluster) async throws -> Value
    ) async throws -> Value {
        try await options.endpoint.withClient(patience: options.timeout.value) { first in
            let pair = try await pair(first, options)
            var clients = [first]
            for _ in 1..<max(2, connections) {
                clients.append(try ClusterClient(endpoint: first.endpoint, key: first.key))
            }
            let interruption = RaisedFlag()
            let interrupts = Interrupts { [clients] in
                interruption.raise()
                for client in clients { client.inject(.interrupted) }
            }
            defer { withExtendedLifetime(interrupts) {} }
            func close() async { for client in clients.dropFirst() { await client.close() } }
            do {
                let value = try await body(
                    EvalCluster(pair: pair, clients: clients, options: options, interruption: interruption)
                )
                await close()
                return value
            } catch {
                await close()
                throw error
            }
        }
    }

    /// Workers that ask for answers, `count` of them at the same time.
    func workers(
        _ count: Int,
        prompts: [String: String],
        format: PromptFormat,
        judge: @escaping ClusterWorker.Judge
    ) -> [ClusterWorker] {
        clients.prefix(count).map {
            ClusterWorker(
                client: $0,
                pool: options.pool,
                timeout: options.timeout.value,
                pair: pair,
                prompts: prompts,
                format: format,
                judge: judge,
                interruption: interruption
            )
        }
    }

    private static func pair(_ client: ClusterClient, _ options: SubmitClusterOptions) async throws -> Pair {
        let nodes: [NodeSummary]
        do {
            nodes = try await client.nodes(seconds: options.timeout.value)
        } catch {
            throw CommandFailure(error)
        }
        func model(_ role: NodeRole) throws -> String {
            let ready = nodes.filter { $0.pool == options.pool && $0.role == role && $0.state == .ready }
            guard let node = ready.first else {
                throw CommandFailure.failed(
                    "pool \(options.pool) has no \(role.rawValue) that is ready; see 'cascade nodes', start one with "
                        + "'cascade \(role.rawValue)' or a whole cluster with 'cascade up'"
                )
            }
            return node.modelName
        }
        return Pair(drafter: try model(.drafter), expert: try model(.expert))
    }
}
