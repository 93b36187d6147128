/// What makes an automaton safe to run: rules that can end, calls that come to a byte, few readings at once.
struct AutomatonChecks {
    private let automaton: Automaton
    private let starts: [Int: Int]
    private let names: [String]

    /// Rules that one position may enter at once, at most.
    private static let mostEntries = 256

    init(_ automaton: Automaton, starts: [Int: Int], names: [String]) {
        self.automaton = automaton
        self.starts = starts
        self.names = names
    }

    /// Removes what leads nowhere and notes what ``Automaton`` has to know of its positions.
    func finish(_ automaton: inout Automaton) throws(GrammarError) {
        let need = needs()
        // Callers come before what they call, and the cause is what is called.
        for (rule, start) in starts.sorted(by: { $0.value > $1.value }) where need[start] == .max {
            throw GrammarError(
                "rule '\(names[rule])' can produce nothing: each of its alternatives needs the rule itself, a "
                    + "rule that can produce nothing, or more than \(GrammarLimits.mostDepth) rules within each other"
            )
        }
        automaton.need = need
        trim(&automaton)
        automaton.mostNeed = Int(need.filter { $0 != .max }.max() ?? 0)
        automaton.longestDescent = try descents(automaton)
    }

    private func trim(_ automaton: inout Automaton) {
        for index in automaton.transitions.indices {
            let to = automaton.transitions[index]
            if to >= 0, automaton.need[Int(to)] == .max { automaton.transitions[index] = -1 }
        }
        var calls: [Automaton.Call] = []
        var callStarts: [Int32] = [0]
        for position in 0..<automaton.positionCount {
            let row = position * automaton.classCount..<(position + 1) * automaton.classCount
            automaton.hasBytes[position] = automaton.transitions[row].contains { $0 >= 0 }
            calls += automaton.calls(at: Int32(position)).filter { automaton.need[Int($0.behind)] != .max }
            callStarts.append(Int32(calls.count))
        }
        automaton.calls = calls
        automaton.callStarts = callStarts
    }

    /// The least calls within each other from each position to the end of its rule; `.max` where there is no way.
    ///
    /// Needs are found in ascending order (Knuth's generalisation of Dijkstra's algorithm), from the ends backwards.
    private func needs() -> [Int32] {
        var need = [Int32](repeating: .max, count: automaton.positionCount)
        var before = Array(repeating: [Int32](), count: automaton.positionCount)
        var callers = Array(repeating: [(position: Int32, call: Automaton.Call)](), count: automaton.positionCount)
        for position in 0..<automaton.positionCount {
            let row = position * automaton.classCount..<(position + 1) * automaton.classCount
            var last: Int32 = -1
            for to in automaton.transitions[row] where to >= 0 && to != last {
                before[Int(to)].append(Int32(position))
                last = to
            }
            for call in automaton.calls(at: Int32(position)) {
                callers[Int(call.behind)].append((Int32(position), call))
                callers[Int(call.start)].append((Int32(position), call))
            }
        }
        var open = Array(repeating: [Int32](), count: GrammarLimits.mostDepth + 1)
        for position in 0..<automaton.positionCount where automaton.isAccepting[position] {
            open[0].append(Int32(position))
        }
        for value in open.indices {
            while let position = open[value].popLast() {
                guard need[Int(position)] == .max else { continue }
                need[Int(position)] = Int32(value)
                open[value] += before[Int(position)].filter { need[Int($0)] == .max }
                for (caller, call) in callers[Int(position)] where need[Int(caller)] == .max {
                    let inner = need[Int(call.start)], outer = need[Int(call.behind)]
                    guard inner != .max, outer != .max else { continue }
                    let total = max(Int(outer), Int(inner) + (automaton.isExit(call.behind) ? 0 : 1))
                    if total < open.count { open[total].append(caller) }
                }
            }
        }
        return need
    }

    /// The longest chain of calls that begins at one place; refuses circles and crowds.
    private func descents(_ automaton: Automaton) throws(GrammarError) -> Int {
        let ruleOfStart = Dictionary(starts.map { (Int32($0.value), $0.key) }, uniquingKeysWith: { first, _ in first })
        var waiting: [Int32: Int] = [:]
        var callers: [Int32: [Int32]] = [:]
        for start in ruleOfStart.keys {
            let calls = automaton.calls(at: start)
            waiting[start] = calls.count
            for call in calls { callers[call.start, default: []].append(start) }
        }
        var entries: [Int32: Int] = [:]
        var lengths: [Int32: Int] = [:]
        var open = waiting.filter { $0.value == 0 }.map(\.key)
        while let start = open.popLast() {
            let calls = automaton.calls(at: start)
            entries[start] = calls.reduce(1) { min($0 + (entries[$1.start] ?? 0), 1 << 32) }
            lengths[start] = calls.reduce(0) { max($0, 1 + (lengths[$1.start] ?? 0)) }
            for caller in callers[start] ?? [] {
                waiting[caller, default: 0] -= 1
                if waiting[caller] == 0 { open.append(caller) }
            }
        }
        if let circle = waiting.filter({ $0.value > 0 }).keys.min() {
            throw leftRecursion(from: circle, automaton, ruleOfStart, done: entries)
        }
        for position in 0..<automaton.positionCount {
            let sum = automaton.calls(at: Int32(position)).reduce(1) { $0 + (entries[$1.start] ?? 0) }
            guard sum <= Self.mostEntries else {
                throw GrammarError(
                    "more than \(Self.mostEntries) rules may begin at one place: write what their beginnings share once"
                )
            }
        }
        return 1 + (lengths.values.max() ?? 0)
    }

    private func leftRecursion(
        from start: Int32,
        _ automaton: Automaton,
        _ ruleOfStart: [Int32: Int],
        done: [Int32: Int]
    ) -> GrammarError {
        var path = [start]
        while let next = automaton.calls(at: path[path.count - 1]).first(where: { done[$0.start] == nil })?.start {
            if let place = path.firstIndex(of: next) {
                let circle = (path[place...] + [next]).map { "'\(ruleOfStart[$0].map { names[$0] } ?? "?")'" }
                return GrammarError(
                    "left recursion: \(circle.joined(separator: " begins with ")): repeat with * or + instead"
                )
            }
            path.append(next)
        }
        return GrammarError("left recursion: repeat with * or + instead")
    }
}
