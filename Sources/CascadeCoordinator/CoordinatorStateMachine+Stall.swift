import CascadeCore
import OrderedCollections

/// Whether jobs that are pending get on. What is slow, full or loading does; what has died or hangs does not.
extension CoordinatorStateMachine {
    /// How much longer than measured an expert's pass may take.
    private static let slack = 4.0
    /// Rows that a pass is thought to have at most.
    private static let passRows = 64

    /// A pool's jobs have got on: a round was committed, or an expert has ended a pass.
    mutating func noteProgress(inPool name: String) {
        if movedAt[name] != nil { movedAt[name] = now }
    }

    /// A pool has a job that is pending: the clock runs from the first of them.
    mutating func noteJob(inPool name: String) {
        if movedAt[name] == nil { movedAt[name] = now }
    }

    /// A node says that it ended passes. Those of a drafter count while no expert has anything to do: what is drafted for
    /// new jobs says nothing of those that an expert holds up.
    mutating func notePasses(of handle: NodeHandle) {
        guard let hello = nodes[handle]?.hello else { return }
        if hello.role == .expert || !requests.contains(where: { $0.role == .expert && pool(of: $0) == hello.pool }) {
            noteProgress(inPool: hello.pool)
        }
    }

    private func pool(of request: Request) -> String? { nodes[request.node]?.hello.pool }

    /// Now and then: pools without pending jobs are forgotten, and those that wait for models to load wait for a reason.
    mutating func watchProgress() {
        let pending = Set(jobs.values.map(\.submit.pool))
        for name in movedAt.keys {
            if !pending.contains(name) {
                movedAt.removeValue(forKey: name)
            } else if isLoading(name) {
                movedAt[name] = now
            }
        }
    }

    private func isLoading(_ pool: String) -> Bool {
        let experts = nodes.values.filter { $0.hello.role == .expert && $0.hello.pool == pool }
        return !experts.contains { $0.state == .ready } && experts.contains { $0.state == .loading }
    }

    /// The pool whose pending jobs have not got on for longest, if that is too long.
    var stall: ClusterStatus.Stall? {
        let stalled = movedAt.filter { now.milliseconds(since: $0.value) > patience(withPool: $0.key) }
        guard let (name, since) = stalled.min(by: { $0.value < $1.value }) else { return nil }
        let pending = jobs.values.filter { $0.submit.pool == name }
        guard let oldest = pending.first else { return nil }
        let milliseconds = now.milliseconds(since: since)
        let holders = nodes.elements.filter { $0.value.hello.pool == name && inFlight(at: $0.key) > 0 }
            .map { "\($0.value.hello.identity.name) has \(inFlight(at: $0.key)) requests" }
        let reason = holders.isEmpty ? note(of: oldest) : holders.prefix(4).joined(separator: ", ")
        let jobs = pending.count == 1 ? "1 job" : "\(pending.count) jobs"
        let note = "pool \(name): \(jobs) pending, no progress for \(Int(milliseconds / 1_000)) s; \(reason)"
        return ClusterStatus.Stall(milliseconds: milliseconds, note: note)
    }

    /// How long a pass of the pool's slowest expert may take before nobody believes in it any more.
    private func patience(withPool name: String) -> Double {
        let experts = nodes.values.filter { $0.hello.role == .expert && $0.hello.pool == name }
        let pass = experts.compactMap { $0.passCosts?.milliseconds(rows: Self.passRows) }.max() ?? 0
        return max(Double(limits.stallMilliseconds), Self.slack * pass)
    }
}
