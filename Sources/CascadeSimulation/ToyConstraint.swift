import CascadeCore

/// A constraint of simulated jobs, and what it allows once more by hand: a table of states and bytes, with none of the
/// code under test.
struct ToyConstraint: Sendable {
    let constraint: OutputConstraint
    /// Where each byte leads from each state; nowhere: it is not allowed.
    private let steps: [[UInt8: Int]]
    /// Where the text may end.
    private let ends: Set<Int>

    private init(_ grammar: String, ends: Set<Int>, _ steps: [[(bytes: String, next: Int)]]) {
        constraint = OutputConstraint(.grammar, grammar)
        self.ends = ends
        self.steps = steps.map { ways in
            var table: [UInt8: Int] = [:]
            for way in ways { for byte in way.bytes.utf8 { table[byte] = way.next } }
            return table
        }
    }

    private init(_ grammar: String, ends: Set<Int>, steps: [[UInt8: Int]]) {
        constraint = OutputConstraint(.grammar, grammar)
        (self.ends, self.steps) = (ends, steps)
    }

    /// Each of them can go on from wherever it leads with tokens that every toy row has.
    static let all = [
        ToyConstraint(
            "root ::= [a-c]+ (\"#\" [xyz ]+)*",
            ends: [1, 3],
            [[("abc", 1)], [("abc", 1), ("#", 2)], [("xyz ", 3)], [("xyz ", 3), ("#", 2)]]
        ),
        // A character of one token or of two, and a pair of tokens.
        ToyConstraint(
            "root ::= (\"é\" | pair)*\npair ::= \"q\" \"r\"",
            ends: [0],
            steps: [[0xC3: 1, 0x71: 2], [0xA9: 0], [0x72: 0]]
        ),
        // Nothing but the end comes behind three of them.
        ToyConstraint("root ::= [abc] [abc] [abc]?", ends: [2, 3], [[("abc", 1)], [("abc", 2)], [("abc", 3)], []]),
    ]

    /// The one that a job has.
    init?(of submit: Submit) {
        guard let constraint = submit.constraint, let one = Self.all.first(where: { $0.constraint == constraint })
        else {
            return nil
        }
        self = one
    }

    /// Whether a token may come behind an answer's tokens; they are ones that may.
    func allows(_ token: Token, behind answer: some Collection<Token>) -> Bool {
        var state: Int? = 0
        for earlier in answer { state = state.flatMap { step($0, earlier) } }
        guard let state else { return false }
        return token == 0 ? ends.contains(state) : step(state, token) != nil
    }

    private func step(_ state: Int, _ token: Token) -> Int? {
        var state = state
        for byte in ToyLanguage.pieces[Int(token)] {
            guard let next = steps[state][byte] else { return nil }
            state = next
        }
        return state
    }

    /// The first token of an answer that may not stand where it does.
    func wrongPlace(in answer: [Token]) -> Int? {
        answer.indices.first { !allows(answer[$0], behind: answer[..<$0]) }
    }

    /// What is left of a row behind an answer.
    func row(_ row: Distribution, behind answer: [Token]) -> Distribution {
        let kept = row.tokens.indices.filter { allows(row.tokens[$0], behind: answer) }
        return Distribution(tokens: kept.map { row.tokens[$0] }, weights: kept.map { row.weights[$0] }) ?? row
    }
}
