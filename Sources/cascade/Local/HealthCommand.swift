internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode
internal import Foundation

/// `cascade health`
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Exit 0 if the cluster, or the roles on this machine, are well.",
        discussion: """
            Without --process it asks the coordinator, which says no when jobs are pending and get nowhere for seconds; \
            being busy, full or loading is no reason. With --process it reads what the roles on this machine (in \
            this container) say of themselves, which needs no network: made for container health checks.

            EXAMPLES
              cascade health
              cascade health --nodes            also wants a ready expert and a ready drafter
              cascade health --process
            """
    )

    @Flag(help: "Check the roles that run on this machine instead of the coordinator.")
    var process = false

    @Flag(help: "Also want a ready expert and a ready drafter.")
    var nodes = false

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        if process { return try checkProcesses() }
        try await endpoint.withClient { client in
            let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max))
            let status: ClusterStatus = try await client.request(.statusRequest(request), seconds: 3) { message in
                if case .clusterStatus(let status) = message { status } else { nil }
            }
            if let stall = status.stall { throw CommandFailure.failed(stall.note) }
            if nodes, status.experts == 0 || status.drafters == 0 {
                let trouble = ClusterRecord.trouble(endpoint: endpoint.endpoint).map { ": \($0)" } ?? ""
                throw CommandFailure.failed("not enough nodes: \(status.readyNodes)\(trouble)")
            }
            try Output.line("ok: \(status.readyNodes)")
        }
    }

    private func checkProcesses() throws {
        let reports = ProcessHealth.all()
        guard !reports.isEmpty else { throw CommandFailure.failed("no role runs here") }
        for (report, age) in reports {
            guard age < ProcessHealth.staleSeconds else {
                // Infinite for a report from before the machine started.
                let time = age.isFinite ? "for \(Int(age)) s" : "since before this machine started"
                throw CommandFailure.failed("\(report.role) (process \(report.pid)) has been silent \(time)")
            }
            guard ["ready", "loading", "draining"].contains(report.state) else {
                throw CommandFailure.failed("\(report.role) (process \(report.pid)) is \(report.state): \(report.note)")
            }
            try Output.line("ok: \(report.role) (process \(report.pid)) is \(report.state)")
        }
    }
}

extension ClusterStatus {
    /// How many nodes take work, in words: `1 drafter and 2 experts ready`.
    var readyNodes: String { "\(plural(drafters, "drafter")) and \(plural(experts, "expert")) ready" }
}
