package import CascadeCore
package import CascadeHost
internal import CascadeNode
internal import Foundation

/// A coordinator, a synthetic drafter and a synthetic expert as processes of their own, for one measurement.
package struct SyntheticCluster {
    /// Where its coordinator listens: a socket in a folder that nobody else can enter.
    let endpoint: String
    private let folder: URL
    private let children: [ChildProcess]

    /// How its nodes behave.
    package struct Settings {
        var acceptance: Double
        var drafter: [CostPoint]?
        var expert: [CostPoint]?
        /// Where its coordinator keeps jobs; nil for memory alone.
        var store: String?
        /// Jobs that may run at once.
        var maxNumSeqs: Int

        /// Creates settings.
        package init(
            acceptance: Double,
            drafter: [CostPoint]?,
            expert: [CostPoint]?,
            store: String?,
            maxNumSeqs: Int
        ) {
            (self.acceptance, self.drafter, self.expert) = (acceptance, drafter, expert)
            (self.store, self.maxNumSeqs) = (store, maxNumSeqs)
        }
    }

    /// Starts the cluster, runs `body` when it is ready, and takes it down. It does not get ready once `interruption`
    /// is raised.
    package static func with<Value>(
        _ settings: Settings,
        interruption: RaisedFlag,
        _ body: (_ endpoint: String) async throws -> Value
    ) async throws -> Value {
        let cluster = try SyntheticCluster(settings)
        do {
            try await cluster.waitUntilReady(interruption)
            let value = try await body(cluster.endpoint)
            await cluster.stop()
            return value
        } catch {
            await cluster.stop()
            throw error
        }
    }

    private init(_ settings: Settings) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "cascade-bench-\(UUID().uuidString.prefix(8))")
        do {
            try FileAccess.makeFolder(folder.path, mode: 0o700)
        } catch {
            throw NodeError.failed("\(error)")
        }
        endpoint = "ipc://\(folder.appending(path: "socket").path)"
        let node =
            ["--endpoint", endpoint, "--synthetic-acceptance", "\(settings.acceptance)"]
            + ["--credits", "64", "--kv-tokens", "4194304", "--log-level", "error"]
        func curve(_ curve: [CostPoint]?) -> [String] {
            curve.map { ["--synthetic-ms", $0.map { "\($0.rows):\($0.milliseconds)" }.joined(separator: ",")] } ?? []
        }
        let commands = [
            ["coordinator", "--listen", endpoint, "--max-num-seqs", "\(settings.maxNumSeqs)", "--log-level", "error"]
                + (settings.store.map { ["--store", $0] } ?? []),
            ["expert"] + node + curve(settings.expert),
            ["drafter"] + node + curve(settings.drafter),
        ]
        // The caller's settings are for the caller's cluster.
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CASCADE_") }
        var children: [ChildProcess] = []
        do {
            for arguments in commands {
                // Standard output is for the report alone.
                children.append(
                    try ChildProcess(
                        executable: Program.path,
                        arguments: arguments,
                        environment: environment,
                        output: STDERR_FILENO,
                        // They end with this process, however it ends; what they tell is of no use here.
                        hear: { _ in }
                    )
                )
            }
        } catch {
            for child in children { child.signal(SIGKILL) }
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
        self.children = children
    }

    private func waitUntilReady(_ interruption: RaisedFlag) async throws {
        let client = try ClusterClient(endpoint: endpoint)
        for _ in 0..<200 {
            guard !children.contains(where: \.isDone), !interruption.isRaised else { break }
            let nodes = (try? await client.nodes(seconds: 1)) ?? []
            if nodes.count == 2, nodes.allSatisfy({ $0.state == .ready }) { return await client.close() }
            try await Task.sleep(for: .milliseconds(50))
        }
        await client.close()
        if interruption.isRaised { throw NodeError.interrupted("interrupted") }
        throw NodeError.failed("the synthetic cluster did not start; see above")
    }

    private func stop() async {
        // The nodes first: they say goodbye.
        for child in children.reversed() { child.signal(SIGTERM) }
        for _ in 0..<50 where !children.allSatisfy(\.isDone) { try? await Task.sleep(for: .milliseconds(100)) }
        for child in children { child.signal(SIGKILL) }
        try? FileManager.default.removeItem(at: folder)
    }
}
