extension Automaton {
    /// Where a text begins.
    var startState: ConstraintState {
        var stacks: [[Int32]] = isNullable ? [[]] : []
        enter([start], &stacks)
        return Self.state(stacks)
    }

    /// Where a byte of the class leads; a state without stacks where it is not allowed.
    func step(_ state: ConstraintState, _ classNumber: Int) -> ConstraintState {
        var stacks: [[Int32]] = []
        for stack in state.stacks {
            guard let top = stack.last, top >= 0 else { continue }
            let next = transitions[Int(top) * classCount + classNumber]
            guard next >= 0, fits(next, at: stack.count) else { continue }
            var moved = stack
            moved[moved.count - 1] = next
            enter(moved, &stacks)
        }
        return Self.state(stacks)
    }

    /// The readings of `local`, whose holes are the calls of `base`.
    func fill(_ local: ConstraintState, with base: [Int32]) -> ConstraintState {
        var stacks: [[Int32]] = []
        for stack in local.stacks {
            guard stack.first == ConstraintState.hole else {
                stacks.append(stack)
                continue
            }
            let filled = base + stack.dropFirst()
            if stack.count == 1 { enter(filled, &stacks) } else { stacks.append(filled) }
        }
        return Self.state(stacks)
    }

    /// Whether a text that is at `position`, as the call of number `depth`, can be ended within the bound on depth.
    private func fits(_ position: Int32, at depth: Int) -> Bool {
        depth + Int(need[Int(position)]) <= GrammarLimits.mostDepth
    }

    /// Adds the readings of `stack` that wait for a byte, behind all calls and returns.
    private func enter(_ stack: [Int32], _ stacks: inout [[Int32]]) {
        guard let top = stack.last, top >= 0 else {
            stacks.append(stack)
            return
        }
        if hasBytes[Int(top)] { stacks.append(stack) }
        for call in calls(at: top) {
            var inner = stack
            // A call that is the last thing its rule does leaves nothing to come back to.
            if isExit(call.behind) { inner.removeLast() } else { inner[inner.count - 1] = call.behind }
            guard isExit(call.behind) || fits(call.behind, at: stack.count) else { continue }
            inner.append(call.start)
            if fits(call.start, at: inner.count) { enter(inner, &stacks) }
        }
        if isAccepting[Int(top)] { enter(Array(stack.dropLast()), &stacks) }
    }

    /// The state of these readings. Too many are cut to the first in their order, each of which can still be ended;
    /// the order does not depend on what encloses them.
    private static func state(_ stacks: [[Int32]]) -> ConstraintState {
        guard stacks.count > 1 else { return ConstraintState(stacks: stacks) }
        var sorted = stacks.sorted { $0.lexicographicallyPrecedes($1) }
        var kept = 0, open = 0
        for index in sorted.indices where index == 0 || sorted[index] != sorted[kept - 1] {
            let isOpen = sorted[index].last.map { $0 >= 0 } ?? false
            if isOpen, open == GrammarLimits.mostStacks { break }
            open += isOpen ? 1 : 0
            sorted[kept] = sorted[index]
            kept += 1
        }
        sorted.removeLast(sorted.count - kept)
        return ConstraintState(stacks: sorted)
    }
}
