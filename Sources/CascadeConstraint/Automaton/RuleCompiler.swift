/// Makes rules into an automaton: each rule that is called becomes deterministic, and all are put behind each other.
struct RuleCompiler {
    /// A position of a rule under construction: the positions of its NFA that are possible here.
    private struct Draft {
        var transitions: [(classNumber: Int, to: Int)] = []
        var calls: [(rule: Int, to: Int)] = []
        var isAccepting = false
    }

    private let rules: RuleSet
    private let traits: RuleTraits
    private let classes: ByteClasses
    private var drafts: [Draft] = []
    private var starts: [Int: Int] = [:]
    private var open: [Int] = []
    private var work = 0

    static func compile(_ rules: RuleSet, root: Int) throws(GrammarError) -> Automaton {
        var compiler = RuleCompiler(rules)
        compiler.open = [root]
        while let rule = compiler.open.popLast() {
            if compiler.starts[rule] == nil { try compiler.determinise(rule) }
        }
        var automaton = try compiler.automaton(root)
        try AutomatonChecks(automaton, starts: compiler.starts, names: rules.names).finish(&automaton)
        return automaton
    }

    private init(_ rules: RuleSet) {
        self.rules = rules
        traits = RuleTraits(rules)
        classes = ByteClasses(of: rules.bodies)
    }

    private mutating func determinise(_ rule: Int) throws(GrammarError) {
        let (nfa, end) = try NFA.of(rule, rules, traits)
        let start = drafts.count
        starts[rule] = start
        var sets = [closure([0], in: nfa)]
        var numbers: [[Int]: Int] = [:]
        drafts.append(Draft())
        func number(_ set: [Int]) -> Int {
            if let number = numbers[set] { return number }
            numbers[set] = start + sets.count
            sets.append(set)
            drafts.append(Draft())
            return start + sets.count - 1
        }
        var index = 0
        while index < sets.count {
            let set = sets[index]
            var byClass: [Int: [Int]] = [:]
            var byRule: [Int: [Int]] = [:]
            for position in set {
                for edge in nfa.bytes[position] {
                    let members = classes.members(of: edge.set)
                    work += members.count
                    for classNumber in members { byClass[classNumber, default: []].append(edge.to) }
                }
                for call in nfa.calls[position] { byRule[call.rule, default: []].append(call.to) }
            }
            var draft = Draft()
            // The first position is never come back to, and a call that would end at once has an empty edge beside it.
            draft.isAccepting = index > 0 && set.contains(end)
            var known: [[Int]: Int] = [:]
            for (classNumber, targets) in byClass.sorted(by: { $0.key < $1.key }) {
                let to = known[targets] ?? number(closure(targets, in: nfa))
                known[targets] = to
                draft.transitions.append((classNumber, to))
            }
            for (callee, targets) in byRule.sorted(by: { $0.key < $1.key }) {
                draft.calls.append((callee, number(closure(targets, in: nfa))))
                if starts[callee] == nil { open.append(callee) }
            }
            drafts[start + index] = draft
            index += 1
            try check(rule)
        }
    }

    private func check(_ rule: Int) throws(GrammarError) {
        guard work <= GrammarLimits.mostWork, drafts.count <= GrammarLimits.mostPositions,
            drafts.count * classes.count <= GrammarLimits.mostTransitions
        else {
            throw GrammarError(
                "rule '\(rules.names[rule])' and those before it take too many positions when made deterministic: "
                    + "let it repeat less, or begin its alternatives with different characters"
            )
        }
    }

    /// The positions that can be reached from `positions` without a byte, in order.
    private mutating func closure(_ positions: [Int], in nfa: NFA) -> [Int] {
        var seen = Set(positions)
        var stack = Array(seen)
        while let position = stack.popLast() {
            work += 1 + nfa.empty[position].count
            for next in nfa.empty[position] where seen.insert(next).inserted { stack.append(next) }
        }
        return seen.sorted()
    }

    private func automaton(_ root: Int) throws(GrammarError) -> Automaton {
        let count = drafts.count
        var transitions = [Int32](repeating: -1, count: count * classes.count)
        var calls: [Automaton.Call] = []
        var callStarts: [Int32] = [0]
        for (position, draft) in drafts.enumerated() {
            for edge in draft.transitions {
                transitions[position * classes.count + edge.classNumber] = Int32(edge.to)
            }
            for call in draft.calls {
                calls.append(.init(start: Int32(starts[call.rule] ?? 0), behind: Int32(call.to)))
            }
            callStarts.append(Int32(calls.count))
        }
        return Automaton(
            classes: classes.classOfByte,
            classCount: classes.count,
            transitions: transitions,
            calls: calls,
            callStarts: callStarts,
            isAccepting: drafts.map(\.isAccepting),
            hasBytes: drafts.map { !$0.transitions.isEmpty },
            need: Array(repeating: 0, count: count),
            start: Int32(starts[root] ?? 0),
            isNullable: traits.isNullable[root]
        )
    }
}
