internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode
internal import Foundation

/// `cascade health`
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Exit with 0 if the cluster, or its processes on this machine, work.",
        discussion: """
            Without --process it asks the coordinator. The answer is no if jobs wait and make no progress for seconds, \
            or if there is no expert. It is yes if the cluster is busy, full or loading, and without a drafter too: \
            the expert then decodes alone. With --process it reads the state that the processes on this machine (in \
            this container) report about themselves, which needs no network; container health checks use this.

            EXAMPLES
              cascade health
              cascade health --nodes                   also requires a ready expert and a ready drafter
              cascade health --roles coordinator       requires no node
              cascade health --process
            """
    )

    @Flag(help: "Check the processes on this machine instead of asking the coordinator.")
    var process = false

    @Flag(help: "Require a drafter too, and nodes that are ready, not only connected.")
    var nodes = false

    @Option(help: ArgumentHelp("Roles that must be there (default: coordinator,expert).", valueName: "role,…"))
    var roles: RoleList?

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        if process { return try checkProcesses() }
        try await endpoint.withClient(patience: 3) { client in
            let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max))
            let status: ClusterStatus = try await client.request(.statusRequest(request), seconds: 3) { message in
                if case .clusterStatus(let status) = message { status } else { nil }
            }
            if let stall = status.stall { throw CommandFailure.failed(stall.note) }
            if !wantedNodes.isEmpty { try check(try await client.nodes(seconds: 3)) }
            try Output.line((["ok: \(status.readyNodes)"] + status.missingNodes).joined(separator: "; "))
        }
    }

    private var wantedNodes: Set<NodeRole> { roles?.nodes ?? (nodes ? Set(NodeRole.allCases) : [.expert]) }

    /// Throws where a role is missing that is wanted. A node that drains is leaving.
    private func check(_ present: [NodeSummary]) throws(CommandFailure) {
        let wanted: [NodeState] = nodes ? [.ready] : [.ready, .loading]
        let missing = NodeRole.allCases.filter { role in
            wantedNodes.contains(role) && !present.contains { $0.role == role && wanted.contains($0.state) }
        }
        guard !missing.isEmpty else { return }
        let words = missing.map { "no \($0.rawValue)" }.joined(separator: " and ")
        let wayOut = "'cascade nodes' shows what is there, and --roles names what must be"
        let trouble = ClusterRecord.trouble(endpoint: endpoint.endpoint) ?? wayOut
        throw .failed("\(words) is \(nodes ? "ready" : "there"): \(trouble)")
    }

    private func checkProcesses() throws {
        if let trouble = ProcessHealth.trouble() { throw CommandFailure.failed(trouble) }
        let reports = ProcessHealth.all()
        guard !reports.isEmpty else { throw CommandFailure.failed("no role runs here") }
        var illnesses: [String] = []
        for (report, age) in reports {
            if let illness = report.illness(ageSeconds: age) {
                illnesses.append("\(report.words) \(illness)")
            } else {
                try Output.line("ok: \(report.words) is \(report.state)")
            }
        }
        if !illnesses.isEmpty { throw CommandFailure.failed(illnesses.joined(separator: "; ")) }
    }
}

extension ProcessHealth {
    fileprivate var words: String { "\(role) (process \(pid))" }

    /// What is wrong with a process whose report is so old, in words behind its name; nil where nothing is.
    fileprivate func illness(ageSeconds age: Double) -> String? {
        guard age < Self.staleSeconds else {
            // Infinite for a report from before the machine started.
            return "has been silent \(age.isFinite ? "for \(Int(age)) s" : "since before this machine started")"
        }
        return ["ready", "loading", "draining"].contains(state) ? nil : "is \(state): \(note)"
    }
}

extension ClusterStatus {
    /// How many nodes take work, in words: `1 drafter and 2 experts ready`.
    var readyNodes: String { "\(plural(drafters, "drafter")) and \(plural(experts, "expert")) ready" }

    /// What it means that no node of a role takes work, in words.
    var missingNodes: [String] {
        (experts == 0 ? ["no expert is ready, so jobs wait"] : [])
            + (drafters == 0 ? ["no drafter is ready, so the expert decodes alone"] : [])
    }
}
