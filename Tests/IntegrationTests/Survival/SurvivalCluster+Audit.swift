import CascadeCoordinator
import CascadeCore
import CascadeNode
import Foundation
import Testing

/// What must hold once everything is whole and nobody asks for anything.
extension SurvivalCluster {
    private struct Rest: Decodable {
        var node_id: String
        var state: String
        var in_flight: Int
        var pending: Int
    }

    /// The coordinator's status, with all counts.
    func status(seconds: Double = 30) async throws -> ClusterStatus {
        let client = try ClusterClient(endpoint: endpoint)
        let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max))
        let result: Result<ClusterStatus, any Error>
        do {
            result = .success(
                try await client.request(.statusRequest(request), seconds: seconds) { message in
                    if case .clusterStatus(let status) = message { status } else { nil }
                }
            )
        } catch {
            result = .failure(error)
        }
        await client.close()
        return try result.get()
    }

    /// Waits until nothing is pending anywhere, and returns what is wrong: the table of nodes must be the live ones
    /// (I19), nothing may be left in their hands, the ledger must add up (I17) and the cluster must call itself well
    /// (I14).
    func audit() async throws -> [String] {
        try await waitUntilWhole()
        try await waitUntil("the last jobs have ended", seconds: 60) {
            let now = try await self.status()
            return now.queuedJobs == 0 && now.runningJobs == 0
        }
        var problems: [String] = []
        // A node's word is a heartbeat old.
        var nodes: [Rest] = []
        for _ in 0..<60 {
            let list = try await client(["nodes", "--json"])
            nodes = try JSONDecoder().decode([Rest].self, from: Data(list.output.utf8))
            if nodes.allSatisfy({ $0.in_flight == 0 && $0.pending == 0 }) { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        for node in nodes {
            if node.in_flight + node.pending > 0 {
                problems.append(
                    """
                    \(node.node_id) has \(node.in_flight) requests by the coordinator's count, \(node.pending) by its \
                    own
                    """
                )
            }
        }
        let status = try await self.status()
        // Each answer's own ledger says how many tokens came out; here only what went in can be held against it.
        let counts = status.counts
        let committed = counts.kept + counts.matched + counts.recovered + counts.bonus
        if counts.cut > committed {
            problems.append("\(counts.cut) tokens were cut off \(committed)")
        } else if let problem = counts.problem(emitted: Int(committed - counts.cut)) {
            problems.append(problem)
        }
        // Nobody here does what a connection is ended for.
        let ended = "ended a connection"
        for member in Member.allCases where try process(member).errors.contains(ended) {
            problems.append("\(member) \(ended)")
        }
        if let stall = status.stall { problems.append(stall.note) }
        let health = try await client(["health", "--nodes"])
        if health.code != 0 { problems.append("health: \(health.errors)") }
        return problems
    }

    /// What every process has now, this one among them.
    func samples() -> [(name: String, pid: Int32, sample: ProcessSample)] {
        let members = Member.allCases.compactMap { member in (try? process(member)).map { (member.rawValue, $0.pid) } }
        return (members + [(SoakReport.ownName, getpid())]).compactMap { name, pid in
            ProcessSample(pid: pid).map { (name, pid, $0) }
        }
    }
}

extension SurvivalCluster {
    /// Requests that a member has, by the coordinator's count.
    func inFlight(at member: Member) async throws -> Int {
        let list = try await client(["nodes", "--json"])
        let nodes = try JSONDecoder().decode([Rest].self, from: Data(list.output.utf8))
        return nodes.first { $0.node_id == member.rawValue }?.in_flight ?? 0
    }

    /// What the members have logged of late, for a test that fails.
    func words() throws -> String {
        try Member.allCases.map { "\n\($0):\n\(try process($0).errors.suffix(1_500))" }.joined()
    }
}
