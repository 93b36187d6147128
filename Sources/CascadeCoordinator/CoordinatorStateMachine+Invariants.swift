import CascadeCore
import OrderedCollections

/// What holds between two events, whatever came: the simulator asks behind each.
extension CoordinatorStateMachine {
    /// The first thing that is wrong, in words; nil as long as the machine and its parts keep their promises.
    /// O(jobs * requests).
    package var brokenInvariant: String? {
        gate.brokenInvariant ?? requests.brokenInvariant ?? brokenCounts ?? brokenRounds
    }

    /// What is counted and listed of jobs is what there is.
    private var brokenCounts: String? {
        var (bytes, watchers) = (0, 0)
        var (queued, started) = (0, 0)
        for job in jobs.values {
            bytes += job.bytes
            watchers += job.watchers.count
            switch job.stage {
            case .awaitingVocabulary, .tokenizing: break
            case .awaitingRoom: queued += 1
            case .running: started += 1
            }
            if submissions[job.submit.submitKey] != job.id { return "job \(job.id) is not found by its key" }
        }
        if bytes != jobBytes { return "\(jobBytes) bytes of jobs are counted, there are \(bytes)" }
        if watchers != watcherCount { return "\(watcherCount) watchers are counted, there are \(watchers)" }
        let lists = [
            ("in the queue", queued, awaitingRoom.values.flatMap(\.self).filter { jobs[$0]?.isRunning == false }),
            ("running", started, running.filter { jobs[$0]?.isRunning == true }),
        ]
        for (words, count, listed) in lists where count != listed.count || Set(listed).count != count {
            return "\(count) jobs are \(words), listed are \(listed)"
        }
        return nil
    }

    /// A round that waits for nobody is listed to go on, and one that waits has asked.
    private var brokenRounds: String? {
        for id in running {
            guard let phase = jobs[id]?.sequence?.phase else { return "job \(id) runs without a sequence" }
            let asked = requests.ofJob(id)
            let turns = waiting.count { $0 == id }
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
        if let lost = waiting.first(where: { !running.contains($0) }) {
            return "job \(lost) is to go on and does not run"
        }
        return nil
    }
}
