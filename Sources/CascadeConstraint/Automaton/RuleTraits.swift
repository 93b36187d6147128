/// What has to be known of rules before they become automata.
struct RuleTraits {
    /// Whether the rule may be empty.
    private(set) var isNullable: [Bool]
    /// Whether the rule stands in its callers' place, without a call: fewer readings are then open at a time.
    private(set) var isInlined: [Bool]

    /// Positions of a rule that stands in its callers' place, at most.
    private static let mostInlinedSize = 300
    /// Rules within each other that do, at most.
    private static let mostInlinedHeight = 8

    init(_ rules: RuleSet) {
        let count = rules.bodies.count
        var callers = Array(repeating: [Int](), count: count)
        var callees = Array(repeating: Set<Int>(), count: count)
        for (rule, body) in rules.bodies.enumerated() { body.forEachRule { callees[rule].insert($0) } }
        for (rule, set) in callees.enumerated() { for callee in set { callers[callee].append(rule) } }
        isNullable = Self.nullable(rules, callers)
        isInlined = Self.inlined(rules, callers: callers, callees: callees)
    }

    private static func nullable(_ rules: RuleSet, _ callers: [[Int]]) -> [Bool] {
        var isNullable = Array(repeating: false, count: rules.bodies.count)
        var open = Array(rules.bodies.indices)
        while let rule = open.popLast() {
            guard !isNullable[rule], rules.bodies[rule].isNullable({ isNullable[$0] }) else { continue }
            isNullable[rule] = true
            open += callers[rule]
        }
        return isNullable
    }

    /// Small rules that do not come back to themselves, callees before callers.
    private static func inlined(_ rules: RuleSet, callers: [[Int]], callees: [Set<Int>]) -> [Bool] {
        let isRecursive = recursive(callers: callers, callees: callees)
        var isInlined = Array(repeating: false, count: rules.bodies.count)
        var sizes = Array(repeating: 1, count: rules.bodies.count)
        var heights = Array(repeating: 0, count: rules.bodies.count)
        var waiting = callees.map { set in set.count { !isRecursive[$0] } }
        var open = rules.bodies.indices.filter { waiting[$0] == 0 && !isRecursive[$0] }
        while let rule = open.popLast() {
            let size = rules.bodies[rule].size { isInlined[$0] ? sizes[$0] : 2 }
            let height = 1 + (callees[rule].map { isInlined[$0] ? heights[$0] : 0 }.max() ?? 0)
            isInlined[rule] = size <= mostInlinedSize && height <= mostInlinedHeight
            sizes[rule] = size
            heights[rule] = height
            for caller in callers[rule] {
                waiting[caller] -= 1
                if waiting[caller] == 0, !isRecursive[caller] { open.append(caller) }
            }
        }
        return isInlined
    }

    /// Rules that are on a circle of calls, or between two.
    private static func recursive(callers: [[Int]], callees: [Set<Int>]) -> [Bool] {
        var isRecursive = Array(repeating: true, count: callers.count)
        func remove(_ count: [Int], _ neighbours: (Int) -> [Int]) {
            var count = count
            var open = count.indices.filter { count[$0] == 0 && isRecursive[$0] }
            while let rule = open.popLast() {
                isRecursive[rule] = false
                for neighbour in neighbours(rule) where isRecursive[neighbour] {
                    count[neighbour] -= 1
                    if count[neighbour] == 0 { open.append(neighbour) }
                }
            }
        }
        remove(callees.map(\.count)) { callers[$0] }
        remove(callers.map { $0.count { isRecursive[$0] } }) { Array(callees[$0]) }
        return isRecursive
    }
}
