/// A grammar with a vocabulary: which tokens a text may go on with. A value; what it has found out it keeps, bounded.
///
/// What a token may be depends mostly on the innermost rules, so the walk through the vocabulary is done once for them
/// and kept; for a state, only what reaches beyond them is looked at.
package struct ConstraintMatcher: Sendable {
    /// What the innermost part of a state allows, whatever is around it.
    private struct Inner: Sendable {
        var mask: TokenMask
        var dependents: [TokenWalk.Dependent]
        var states: [ConstraintState]
        var height: Int
    }

    /// Masks of states, and of inner parts of states, that are kept at most.
    private static let mostMasks = 256
    private static let mostInner = 256

    private let automaton: Automaton
    private let vocabulary: ConstraintVocabulary
    /// Where a text begins.
    package let start: ConstraintState
    private var masks: [ConstraintState: TokenMask] = [:]
    private var inner: [ConstraintState: Inner] = [:]
    private var table: StateTable

    package init(_ grammar: Grammar, vocabulary: ConstraintVocabulary) {
        automaton = grammar.automaton
        self.vocabulary = vocabulary
        start = automaton.startState
        table = StateTable(automaton)
    }

    /// The state behind a token; nil where the token is not allowed, and behind an end token.
    package func state(after token: UInt32, from state: ConstraintState) -> ConstraintState? {
        guard Int(token) < vocabulary.count, let piece = vocabulary.pieces[Int(token)] else { return nil }
        var state = state
        for byte in piece {
            state = automaton.step(state, Int(automaton.classes[Int(byte)]))
            if state.stacks.isEmpty { return nil }
        }
        return state
    }

    /// Whether the text may end here.
    package func mayEnd(_ state: ConstraintState) -> Bool { state.mayEnd }

    /// The tokens that may come at a state: those that ``state(after:from:)`` has a state for, and where the text may
    /// end the end tokens.
    package mutating func mask(at state: ConstraintState) -> TokenMask {
        if let mask = masks[state] { return mask }
        var mask = textMask(at: state)
        if state.mayEnd { for token in vocabulary.endTokens { mask.insert(token) } }
        mask.count()
        if masks.count >= Self.mostMasks { masks.removeAll(keepingCapacity: true) }
        masks[state] = mask
        return mask
    }

    private mutating func textMask(at state: ConstraintState) -> TokenMask {
        if table.isFull { table.removeAll() }
        let all = 0..<vocabulary.nodes.count
        let stacks = state.stacks.filter { !$0.isEmpty }
        let base = Self.sharedBase(of: stacks)
        if !base.isEmpty {
            let local = ConstraintState(stacks: stacks.map { [ConstraintState.hole] + $0.dropFirst(base.count) })
            let part = innerPart(local)
            // The bound on depth must not show within the part: it was found out without knowing how deep it is.
            let deepest = base.count + part.height + automaton.longestDescent + automaton.mostNeed
            if deepest <= GrammarLimits.mostDepth { return complete(part, base) }
        }
        var walk = TokenWalk(TokenMask(count: vocabulary.count))
        walk.walk(all, of: vocabulary, from: state, in: &table)
        return walk.mask
    }

    private mutating func innerPart(_ local: ConstraintState) -> Inner {
        if let part = inner[local] { return part }
        var walk = TokenWalk(TokenMask(count: vocabulary.count))
        walk.walk(0..<vocabulary.nodes.count, of: vocabulary, from: local, in: &table)
        let part = Inner(
            mask: walk.mask,
            dependents: walk.dependents,
            states: walk.states,
            height: max(walk.height, local.height)
        )
        if inner.count >= Self.mostInner { inner.removeAll(keepingCapacity: true) }
        inner[local] = part
        return part
    }

    /// The part's mask with the tokens that leave the part for the calls of `base`.
    private mutating func complete(_ part: Inner, _ base: [Int32]) -> TokenMask {
        let states = part.states.map { automaton.fill($0, with: base) }
        var walk = TokenWalk(part.mask)
        for dependent in part.dependents {
            let node = Int(dependent.node)
            walk.walk(
                node + 1..<Int(vocabulary.nodes[node].behind),
                of: vocabulary,
                from: states[Int(dependent.state)],
                in: &table
            )
        }
        return walk.mask
    }

    /// The calls that all stacks have in common, each of which has more.
    private static func sharedBase(of stacks: [[Int32]]) -> [Int32] {
        guard let first = stacks.first else { return [] }
        var count = first.count - 1
        for stack in stacks.dropFirst() {
            count = min(count, stack.count - 1, zip(first, stack).prefix { $0 == $1 }.count)
        }
        return Array(first.prefix(count))
    }
}
