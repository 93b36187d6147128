import CascadeCoordinator
import CascadeCore
import CascadeTestSupport

@testable import CascadeSimulation

/// The exact law of the answers of a ``ToyCluster``, by trying every outcome of every draw.
struct ExactLaw {
    private(set) var law: [[Token]: Double] = [:]
    /// How many tokens the round behind each history asked for.
    private(set) var lengths: [[ToyRound]: Int] = [:]
    /// What speculation did over all outcomes.
    private(set) var counts = SpeculationCounts()
    /// What happened inside the coordinator over all outcomes.
    private(set) var transitions = TransitionCounts()
    /// What the network did over all outcomes.
    private(set) var faults = 0
    /// Judged drafts with an end token, and how many of them were accepted up to it.
    private(set) var draftsWithEnd = 0
    private(set) var acceptedEnds = 0
    private(set) var outcomes = 0
    private(set) var problem: String?

    private let draws: BranchingDraws

    init(_ setting: ToySetting) {
        if setting.lacksBase {
            draws = BranchingDraws { key in
                var key = key
                key.base = 0
                return key
            }
        } else {
            draws = BranchingDraws()
        }
        explore(ToyCluster(setting, draws: draws), BranchingDraws.Knowledge(), 1)
    }

    private mutating func explore(_ cluster: ToyCluster, _ knowledge: BranchingDraws.Knowledge, _ weight: Double) {
        guard problem == nil else { return }
        if cluster.isDone || cluster.problem != nil { return record(cluster, weight) }
        draws.branch(knowledge) {
            var next = cluster
            next.step()
            return next
        } _: { next, known, share in
            explore(next, known, weight * share)
        }
    }

    private mutating func record(_ cluster: ToyCluster, _ weight: Double) {
        problem = cluster.problem
        guard let report = cluster.client.report else { return }
        outcomes += 1
        law[report.tokens, default: 0] += weight
        counts.add(report.counts)
        transitions.add(cluster.machine.transitions)
        faults += cluster.faults
        draftsWithEnd += cluster.draftsWithEnd
        acceptedEnds += cluster.rounds.count { $0.committed.last == ToyPair.end && $0.accepted == $0.committed.count }
        for index in cluster.rounds.indices {
            let history = Array(cluster.rounds[..<index])
            let asked = cluster.rounds[index].asked
            // Decided from what was committed, never from a draft (decisions.md 2).
            if lengths.updateValue(asked, forKey: history) ?? asked != asked {
                problem = "behind \(history) once \(asked) tokens are drafted and once not"
            }
        }
    }
}
