import CascadeCore
import OrderedCollections

/// Whether jobs that are pending get on. What is slow, full or loading does; what has died or hangs does not. Whether
/// an engine hangs is its node's own word: it knows how long its passes take.
extension CoordinatorStateMachine {
    /// A node has ended passes. Those of a drafter count while no expert has anything to do: what is drafted for new
    /// jobs says nothing of those that an expert holds up.
    mutating func notePasses(of hello: Hello) {
        if hello.role == .expert || !requests.contains(where: { $0.role == .expert && pool(of: $0) == hello.pool }) {
            pools.noteProgress(of: hello.pool, at: now)
        }
    }

    /// Now and then: pools without pending jobs are forgotten.
    mutating func forgetIdlePools() {
        pools.forgetProgress(except: Set(jobs.values.map(\.submit.pool)))
    }

    /// The pool whose pending jobs, or some of them, have not got on for longest, if that is too long.
    var stall: ClusterStatus.Stall? {
        pools.judged.compactMap { stuckEngine(inPool: $0) ?? standstill(ofPool: $0) }
            .max { $0.milliseconds < $1.milliseconds }
    }

    /// Jobs whose round is at experts that are stuck, and at no other. A round that another expert is asked for as well
    /// gets on, and one that has just begun may soon be asked elsewhere.
    private func stuckEngine(inPool name: String) -> ClusterStatus.Stall? {
        let asked = requests.filter { $0.role == .expert && pool(of: $0) == name }
        let gettingOn = Set(asked.filter { stuckMilliseconds(of: $0.node) == 0 || isYoung($0) }.map(\.job))
        let heldUp = OrderedSet(asked.map(\.job)).subtracting(gettingOn)
        let holders = asked.filter { heldUp.contains($0.job) }.map(\.node)
        guard let longest = holders.max(by: { stuckMilliseconds(of: $0) < stuckMilliseconds(of: $1) }),
            let node = nodes[longest]
        else { return nil }
        // No word of a node reaches back behind this process's own start.
        let milliseconds = min(Double(stuckMilliseconds(of: longest)), now.milliseconds(since: startedAt))
        let jobs = heldUp.count == 1 ? "1 job waits" : "\(heldUp.count) jobs wait"
        let words = "whose engine has ended no pass for \(Int(milliseconds / 1_000)) s"
        return ClusterStatus.Stall(
            milliseconds: milliseconds,
            note: "pool \(name): \(jobs) for \(node.hello.identity.name), \(words)"
        )
    }

    /// Jobs of a pool in which nothing moves, and no expert says that it works on something.
    private func standstill(ofPool name: String) -> ClusterStatus.Stall? {
        guard let movedAt = pools.lastProgress(of: name) else { return nil }
        let milliseconds = now.milliseconds(since: movedAt)
        let experts = nodes.elements.filter { $0.value.hello.role == .expert && $0.value.hello.pool == name }
        let isLoading =
            !experts.contains { $0.value.state == .ready } && experts.contains { $0.value.state == .loading }
        let isWorking = experts.contains { handle, node in
            node.progress.pending > 0 && node.progress.stuckMilliseconds == 0 && requests.count(at: handle) > 0
        }
        let patience = isLoading ? limits.loadingMilliseconds : limits.stallMilliseconds
        let pending = jobs.values.filter { $0.submit.pool == name }
        guard milliseconds > Double(patience), !isWorking, let oldest = pending.first else { return nil }
        let holders = nodes.elements.filter { $0.value.hello.pool == name && requests.count(at: $0.key) > 0 }
            .map { "\($0.value.hello.identity.name) has \(plural(requests.count(at: $0.key), "request"))" }
        let reason = holders.isEmpty ? note(of: oldest) : holders.prefix(4).joined(separator: ", ")
        let jobs = pending.count == 1 ? "1 job" : "\(pending.count) jobs"
        return ClusterStatus.Stall(
            milliseconds: milliseconds,
            note: "pool \(name): \(jobs) pending, no progress for \(Int(milliseconds / 1_000)) s; \(reason)"
        )
    }

    /// Whether the round of a request, whatever attempt this is, has not been verified for long.
    private func isYoung(_ request: Request) -> Bool {
        guard let since = jobs[request.job]?.sequence?.verifyingSince else { return true }
        return now.milliseconds(since: since) <= Double(limits.stallMilliseconds)
    }

    private func pool(of request: Request) -> String? { nodes.read(request.node) { $0.hello.pool } }

    private func stuckMilliseconds(of handle: NodeHandle) -> UInt64 {
        nodes.read(handle) { $0.progress.stuckMilliseconds } ?? 0
    }
}
