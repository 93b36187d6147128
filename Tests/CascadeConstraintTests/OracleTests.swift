import CascadeConstraint
import Testing

/// Grammars drawn at random against a matcher that tries everything.
@Suite struct OracleTests {
    private static func grammars(_ count: Int, seed: UInt64) -> [(random: RandomGrammar, grammar: Grammar)] {
        var generator = SeededGenerator(seed)
        var found: [(RandomGrammar, Grammar)] = []
        while found.count < count {
            let random = RandomGrammar(using: &generator)
            // Some begin with themselves or produce nothing, and are refused.
            if let grammar = try? Grammar(gbnf: random.text) { found.append((random, grammar)) }
        }
        return found
    }

    @Test func sameLanguage() {
        let texts = RandomGrammar.texts(6)
        var accepted = 0
        for (random, grammar) in Self.grammars(400, seed: 2) {
            let matcher = ConstraintMatcher(grammar)
            for text in texts {
                let expected = random.accepts(text)
                accepted += expected ? 1 : 0
                guard matcher.accepts(String(text)) == expected else {
                    Issue.record("\(String(text)) should be \(expected):\n\(random.text)")
                    return
                }
            }
        }
        #expect(accepted > 1000)
    }

    /// A text is accepted in whatever tokens it comes, and leads to the same state.
    @Test func sameStateInLongTokens() {
        var generator = SeededGenerator(3)
        let pieces = Vocabularies.textTokens.filter { $0.piece.allSatisfy("abc".utf8.contains) }
        var compared = 0
        for (random, grammar) in Self.grammars(150, seed: 4) {
            let short = ConstraintMatcher(grammar)
            let long = ConstraintMatcher(grammar, vocabulary: Vocabularies.long)
            for _ in 0..<20 {
                var text: [UInt8] = []
                var state: ConstraintState? = long.start
                for _ in 0..<4 {
                    let (token, piece) = pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                    text += piece
                    state = state.flatMap { long.state(after: token, from: $0) }
                    guard state == short.state(behind: text) else {
                        Issue.record("\(text) differs:\n\(random.text)")
                        return
                    }
                    compared += state == nil ? 0 : 1
                }
            }
        }
        #expect(compared > 100)
    }

    /// Masks are what trying each token says, and never empty, wherever allowed tokens lead.
    @Test func masksAreWhatTryingSays() {
        var generator = SeededGenerator(5)
        for (random, grammar) in Self.grammars(150, seed: 6) {
            var matcher = ConstraintMatcher(grammar, vocabulary: Vocabularies.long)
            var state = matcher.start
            for _ in 0..<25 {
                guard let problem = MaskCheck.problem(&matcher, at: state) else {
                    let tokens = matcher.mask(at: state).tokens.filter { $0 != Vocabularies.longEnd }
                    guard let token = tokens.randomElement(using: &generator),
                        let next = matcher.state(after: token, from: state)
                    else { break }
                    state = next
                    continue
                }
                Issue.record("\(problem):\n\(random.text)")
                return
            }
        }
    }

    /// Deep in calls, where the bound on depth decides, and with more readings than are followed.
    @Test(arguments: [
        #"root ::= "(" root ")" | "x""#,
        "root ::= x | y | \"z\"\nx ::= \"(\" root \")\"\ny ::= \"(\" root \"]\"",
        "root ::= \"a\" root \"b\" root \"c\" | \"a\" root \"b\" | \"ab\" root \"c\" | \"a\"",
        "root ::= a | b\na ::= \"((\" root \"))\" | \"0\"\nb ::= \"(\" (\"[\" b \"]\" | \"(\" a \")\") \")\" | \"1\"",
    ])
    func deepTextsEnd(_ text: String) throws {
        var generator = SeededGenerator(7)
        var matcher = ConstraintMatcher(try Grammar(gbnf: text), vocabulary: Vocabularies.long)
        for _ in 0..<4 {
            var state = matcher.start
            for step in 0..<300 {
                if step % 4 == 0 { #expect(MaskCheck.problem(&matcher, at: state) == nil) }
                let mask = matcher.mask(at: state)
                let tokens = mask.tokens.filter { $0 != Vocabularies.longEnd }
                // As deep as it goes first, and then anything.
                let deeper = "(a".utf8.map { UInt32($0) }.first(where: mask.contains)
                guard let token = step < 100 ? deeper ?? tokens.first : tokens.randomElement(using: &generator),
                    let next = matcher.state(after: token, from: state)
                else { break }
                state = next
            }
        }
    }
}

/// Compares a mask with what each token does.
enum MaskCheck {
    static func problem(_ matcher: inout ConstraintMatcher, at state: ConstraintState) -> String? {
        let mask = matcher.mask(at: state)
        var count = 0
        for token in 0..<UInt32(Vocabularies.long.count) {
            let isEnd = token == Vocabularies.longEnd
            let expected = isEnd ? matcher.mayEnd(state) : matcher.state(after: token, from: state) != nil
            if mask.contains(token) != expected { return "token \(token) should be \(expected)" }
            count += expected ? 1 : 0
        }
        if count != mask.allowedCount { return "\(mask.allowedCount) are said to be allowed, not \(count)" }
        if count == 0 { return "nothing is allowed" }
        return nil
    }
}
