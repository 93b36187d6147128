internal import ArgumentParser
internal import CascadeHost
internal import CascadeNode
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

    func validate() throws {
        if endpoint != RunFolder.endpoint { try EndpointArgument.listen("--endpoint", endpoint) }
    }

    func run() async throws {
        let file = ClusterRecord.file(endpoint: endpoint)
        switch ClusterRecord.find(endpoint: endpoint) {
        case .nothing: Output.note("no cluster of 'cascade up' runs at \(endpoint)")
        case .hidden(let error):
            throw CommandFailure.failed("whether a cluster runs at \(endpoint) cannot be seen: \(error)")
        case .unreadable(isHeld: true):
            throw CommandFailure.failed(
                "a cluster runs at \(endpoint), but its record \(file) cannot be read: end its 'cascade up' by hand"
            )
        case .unreadable(isHeld: false):
            unlink(file)
            Output.note(
                """
                \(file) cannot be read (another version wrote it, or it is damaged) and is removed; if its cluster \
                still runs, end it by hand
                """
            )
        case .record(let record, let isHeld):
            if isHeld, record.supervisor.standing == .elsewhere {
                throw CommandFailure.failed(
                    """
                    the cluster at \(endpoint) runs in another container: run 'cascade down' there, or end that \
                    container
                    """
                )
            }
            let wasRunning = record.process != nil
            try await end(record.processes)
            if case .record(let left, isHeld: false) = ClusterRecord.find(endpoint: endpoint),
                left.supervisor == record.supervisor
            {
                unlink(file)
            }
            let troubles = record.troubles.sorted { $0.key < $1.key }.map { "; its \($0.key) was down: \($0.value)" }
            Output.note(
                wasRunning
                    ? "the cluster at \(endpoint) has ended\(troubles.joined())"
                    : "no cluster of 'cascade up' runs at \(endpoint) any more"
            )
        }
    }

    /// Ends a supervisor, which ends the others, and then what is left of them.
    private func end(_ processes: [ProcessIdentity]) async throws {
        func isAnyAlive() -> Bool { processes.contains(where: \.isRunning) }
        if processes.first?.signal(SIGTERM) == true {
            for _ in 0..<120 where isAnyAlive() { try await Task.sleep(for: .milliseconds(100)) }
        }
        // What is left lost its supervisor, or does not listen.
        for process in processes { process.signal(SIGTERM) }
        for _ in 0..<30 where isAnyAlive() { try await Task.sleep(for: .milliseconds(100)) }
        for process in processes { process.signal(SIGKILL) }
        for _ in 0..<30 where isAnyAlive() { try await Task.sleep(for: .milliseconds(100)) }
        if let left = processes.first(where: \.isRunning) {
            throw CommandFailure.failed("process \(left.pid) does not end")
        }
    }
}
