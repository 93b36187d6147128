import CascadeConstraint
import CascadeCore

/// What a worker knows of constraints: their grammars, made once, and where sequences stand under theirs.
///
/// Nothing here is the truth: where a sequence stands is worked out from its tokens (decisions.md 8d), and what is
/// remembered of that counts only where the hash of those tokens says so. Everything is bounded.
struct ConstraintTable {
    /// Where the rows of a request are, of which masks are wanted.
    struct Rows {
        /// All tokens of the sequence, those before the last row.
        var tokens: [Token]
        /// Tokens before the first row.
        var first: Int
        /// How many rows.
        var count: Int
        /// How many of the tokens are committed.
        var base: Int
        /// Whether what is allowed depends on drafted tokens before a row; a seam.
        var seesDrafted: Bool
        /// Chain hash of the first so many tokens.
        var hash: (Int) -> Hash128
    }

    /// A sequence's state behind its first `length` tokens.
    private struct Place {
        var length: Int
        var hash: Hash128
        var state: ConstraintState
    }

    /// What is remembered of a sequence: where its committed tokens end, and its last row but drafted ones.
    private struct Known {
        var constraint: OutputConstraint
        var places: [Place]
    }

    /// Grammars that are kept: the ones that were used last.
    private static let mostMatchers = 16
    /// Sequences that are remembered.
    private static let mostSequences = 1_024

    /// Made when it is first asked for; a model without text has none.
    private var vocabulary: ConstraintVocabulary??
    /// The one that was used last at the end.
    private var matchers: [(constraint: OutputConstraint, matcher: ConstraintMatcher)] = []
    private var known: [SequenceID: Known] = [:]

    /// Forgets a sequence.
    mutating func release(_ sequence: SequenceID) { known.removeValue(forKey: sequence) }

    /// Forgets all sequences.
    mutating func releaseAll() { known = [:] }

    /// The masks of a request's rows. Nil at rows behind a drafted token that is not allowed, or that ends the text:
    /// what they say does not matter, for that token is never accepted with anything behind it.
    mutating func masks(
        _ constraint: OutputConstraint,
        of sequence: SequenceID,
        promptLength: Int,
        _ rows: Rows,
        vocabulary make: () -> ConstraintVocabulary?
    ) throws(ForwardError) -> [TokenMask?] {
        let index = try matcher(of: constraint, make)
        let base = min(rows.base, rows.first)
        guard let (committed, isNew) = state(of: sequence, constraint, index, from: promptLength, to: base, rows) else {
            throw .failed("the answer so far is not what its constraint (\(constraint.name)) allows")
        }
        if isNew { remember(committed, behind: base, of: sequence, constraint, rows) }
        var state: ConstraintState? = committed
        var masks: [TokenMask?] = []
        for length in base..<(rows.first + rows.count) {
            if length > base, rows.seesDrafted {
                state = state.flatMap { matchers[index].matcher.state(after: rows.tokens[length - 1], from: $0) }
            }
            if length >= rows.first { masks.append(state.map { matchers[index].matcher.mask(at: $0) }) }
        }
        return masks
    }

    /// The state behind the committed tokens, and whether it was worked out anew; nil where they are not allowed.
    private func state(
        of sequence: SequenceID,
        _ constraint: OutputConstraint,
        _ index: Int,
        from promptLength: Int,
        to base: Int,
        _ rows: Rows
    ) -> (state: ConstraintState, isNew: Bool)? {
        let matcher = matchers[index].matcher
        var (length, state) = (min(promptLength, base), matcher.start)
        if let known = known[sequence], known.constraint == constraint {
            for place in known.places where (length...base).contains(place.length) {
                if rows.hash(place.length) == place.hash { (length, state) = (place.length, place.state) }
            }
            if length == base, length > promptLength { return (state, false) }
        }
        for token in rows.tokens[length..<base] {
            guard let next = matcher.state(after: token, from: state) else { return nil }
            state = next
        }
        return (state, true)
    }

    private mutating func remember(
        _ state: ConstraintState,
        behind length: Int,
        of sequence: SequenceID,
        _ constraint: OutputConstraint,
        _ rows: Rows
    ) {
        if known.count >= Self.mostSequences, known[sequence] == nil { known.removeAll(keepingCapacity: true) }
        known[sequence] = Known(
            constraint: constraint,
            places: [Place(length: length, hash: rows.hash(length), state: state)]
        )
    }

    /// Where the constraint's matcher is; makes it where there is none.
    private mutating func matcher(
        of constraint: OutputConstraint,
        _ make: () -> ConstraintVocabulary?
    ) throws(ForwardError) -> Int {
        let last = matchers.count - 1
        if last >= 0, matchers[last].constraint == constraint { return last }
        if let index = matchers.firstIndex(where: { $0.constraint == constraint }) {
            matchers.append(matchers.remove(at: index))
            return last
        }
        let vocabulary = self.vocabulary ?? make()
        self.vocabulary = .some(vocabulary)
        guard let vocabulary else {
            throw .failed("this node's model has no text that could be constrained: leave the constraint out")
        }
        let grammar: Grammar
        do throws(GrammarError) {
            grammar = try Grammar(constraint)
        } catch {
            throw .failed("the constraint (\(constraint.name)) cannot be used: \(error.message)")
        }
        if matchers.count >= Self.mostMatchers { matchers.removeFirst() }
        matchers.append((constraint, ConstraintMatcher(grammar, vocabulary: vocabulary)))
        return matchers.count - 1
    }
}
