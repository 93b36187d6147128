/// One walk through the trie of a vocabulary, in step with an automaton: the tokens whose bytes are allowed.
struct TokenWalk {
    /// A node behind which the calls around decide, and which of `states` it is in.
    struct Dependent: Sendable {
        var node: Int32
        var state: Int32
    }

    var mask: TokenMask
    /// What depends on the calls around.
    var dependents: [Dependent] = []
    /// The states of the dependents.
    var states: [ConstraintState] = []
    /// The highest stack that was met.
    var height = 0

    private var numbers: [ConstraintState: Int32] = [:]

    init(_ mask: TokenMask) { self.mask = mask }

    /// Walks the nodes of `range`, which are what is below a node, or all; their bytes come behind `state`.
    mutating func walk(
        _ range: Range<Int>,
        of vocabulary: ConstraintVocabulary,
        from state: ConstraintState,
        in table: inout StateTable
    ) {
        guard !range.isEmpty else { return }
        let top = Int(vocabulary.nodes[range.lowerBound].depth)
        // The number of the state before the byte of each depth.
        var path = [Int32](repeating: StateTable.dead, count: vocabulary.longest + 1 - top)
        path[0] = table.number(state)
        guard path[0] != StateTable.dead else { return }
        var index = range.lowerBound
        while index < range.upperBound {
            let node = vocabulary.nodes[index]
            let depth = Int(node.depth) - top
            if table.isFull { Self.clear(&table, keeping: &path[...depth]) }
            let next = table.next(path[depth], node.byte)
            guard next != StateTable.dead else {
                index = Int(node.behind)
                continue
            }
            path[depth + 1] = next
            if node.token >= 0 { insert(UInt32(node.token), vocabulary) }
            index += 1
            height = max(height, table.heights[Int(next)])
            if table.hasHole[Int(next)] {
                if index < Int(node.behind) { depend(Int32(index - 1), table.states[Int(next)]) }
                index = Int(node.behind)
            }
        }
    }

    private mutating func insert(_ token: UInt32, _ vocabulary: ConstraintVocabulary) {
        mask.insert(token)
        guard !vocabulary.twins.isEmpty, let twins = vocabulary.twins[token] else { return }
        for twin in twins { mask.insert(twin) }
    }

    private mutating func depend(_ node: Int32, _ state: ConstraintState) {
        let number = numbers[state] ?? Int32(states.count)
        if number == states.count {
            states.append(state)
            numbers[state] = number
        }
        dependents.append(Dependent(node: node, state: number))
    }

    /// Empties a table that has become too large, but for the states of the way here.
    private static func clear(_ table: inout StateTable, keeping path: inout ArraySlice<Int32>) {
        let states = path.map { table.states[Int($0)] }
        table.removeAll()
        for (index, state) in zip(path.indices, states) { path[index] = table.number(state) }
    }
}
