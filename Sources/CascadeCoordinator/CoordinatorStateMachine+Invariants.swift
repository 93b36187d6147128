package import CascadeCore
import OrderedCollections

/// What holds between two events, whatever came: the simulator asks behind each.
extension CoordinatorStateMachine {
    /// The first thing that is wrong, in words; nil as long as the machine and its parts keep their promises.
    /// O(jobs * requests).
    package var brokenInvariant: String? {
        jobs.brokenInvariant ?? pools.brokenInvariant ?? gate.brokenInvariant ?? requests.brokenInvariant
            ?? finished.brokenInvariant
            ?? brokenRounds
    }

    /// Jobs that have not ended, oldest first: for the simulator's checks.
    package var pendingJobs: [JobID] { Array(jobs.keys) }

    /// A round that waits for nobody is listed to go on, and one that waits has asked.
    private var brokenRounds: String? {
        for id in jobs.running {
            guard let phase = jobs.read(id, { $0.sequence?.phase }) ?? nil else {
                return "job \(id) runs without a sequence"
            }
            let asked = requests.ofJob(id)
            let turns = jobs.waiting.count { $0 == id }
            switch phase {
            case .idle, .drafted:
                if !asked.isEmpty { return "job \(id) has asked for a round that is not under way" }
                if turns != 1 { return "job \(id) is listed \(turns) times to go on" }
            case .drafting:
                if asked.map(\.role) != [.drafter] { return "job \(id) is drafted by \(asked.count) nodes" }
                if turns != 0 { return "job \(id) is to go on while it is drafted" }
            case .verifying:
                if asked.isEmpty || asked.contains(where: { $0.role != .expert }) {
                    return "job \(id) is verified by nobody"
                }
                if turns != 0 { return "job \(id) is to go on while it is verified" }
            }
        }
        return nil
    }
}
