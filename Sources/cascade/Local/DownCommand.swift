internal import ArgumentParser
internal import Foundation

/// `cascade down`
struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "End the cluster that 'cascade up' started on this machine.",
        discussion: """
            EXAMPLES
              cascade down
              cascade down --endpoint tcp://127.0.0.1:6000
            """
    )

    @Option(help: "The coordinator's endpoint.")
    var endpoint = EndpointOptions.defaultEndpoint

    func run() async throws {
        guard let record = ClusterRecord.read(endpoint: endpoint) else {
            return Output.note("no cluster of 'cascade up' runs at \(endpoint)")
        }
        let processes = [record.supervisor] + record.children.values.sorted()
        let alive = { processes.filter(ClusterRecord.isOurs) }
        if ClusterRecord.isOurs(record.supervisor) { kill(record.supervisor, SIGTERM) }
        for _ in 0..<120 where !alive().isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        // What is left lost its supervisor, or does not listen.
        for pid in alive() { kill(pid, SIGTERM) }
        for _ in 0..<30 where !alive().isEmpty { try await Task.sleep(for: .milliseconds(100)) }
        for pid in alive() { kill(pid, SIGKILL) }
        ClusterRecord.remove(endpoint: endpoint)
        Output.note("the cluster at \(endpoint) has ended")
    }
}
