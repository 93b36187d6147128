import CascadeCore

/// What one node does from the beginning of a history to its end.
enum Treason: CaseIterable, Sendable {
    /// It always answers nonsense.
    case nonsense
    /// It dies whenever it is asked.
    case dies
    /// It says that its passes take no time.
    case lies
}

/// In some histories that have no faults one node is bad all the time. No job may come to harm by it: where it is an
/// expert there is another, and rounds can do without a drafter.
extension Simulation {
    /// Makes one node of some of the calm histories a traitor. Draws of its own: all others stay what they were.
    mutating func chooseTraitor() {
        var random = SplitMix64(seed: ~seed)
        guard isCalm, random.chance(0.5) else { return }
        let experts = nodes.count { $0.role == .expert }
        let candidates = nodes.indices.filter { nodes[$0].role == .drafter || experts > 1 }
        guard !candidates.isEmpty else { return }
        nodes[random.pick(candidates)].treason = random.pick(Treason.allCases)
    }

    /// A request arrives; true when it is the end of the node.
    mutating func diesWhenAsked(_ index: Int) -> Bool {
        guard nodes[index].treason == .dies else { return false }
        report.coverage.count(.nodeAlwaysDies)
        stopNode(index, restartWithin: 500)
        return true
    }

    /// What a traitor makes of its own reply.
    mutating func betray(_ reply: Message, _ index: Int) -> Message {
        switch (nodes[index].treason, reply) {
        case (.nonsense, _):
            report.coverage.count(.nodeAlwaysHostile)
            return nodes[index].spoil(reply, &random)
        case (.lies, .drafted(var drafted)):
            report.coverage.count(.nodeLies)
            drafted.milliseconds = 0.001
            return .drafted(drafted)
        case (.lies, .verified(var verified)):
            report.coverage.count(.nodeLies)
            verified.milliseconds = 0.001
            return .verified(verified)
        default: return reply
        }
    }
}

extension SimulatedNode {
    /// What it says that its passes cost.
    var saidCosts: [CostPoint] {
        treason == .lies
            ? [CostPoint(rows: 1, milliseconds: 0.001), CostPoint(rows: 16, milliseconds: 0.001)] : traits.costs
    }
}
