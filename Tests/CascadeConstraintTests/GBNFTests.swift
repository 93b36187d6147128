import CascadeConstraint
import Testing

/// What GBNF says and what is no GBNF.
@Suite struct GBNFTests {
    struct Language: Sendable, CustomTestStringConvertible {
        var grammar: String
        var accepted: [String]
        var refused: [String]
        var testDescription: String { grammar }
    }

    static let languages = [
        Language(grammar: #"root ::= "abc""#, accepted: ["abc"], refused: ["", "ab", "abcd", "abd"]),
        Language(grammar: #"root ::= "a" | "b" "c""#, accepted: ["a", "bc"], refused: ["b", "ac", "c", ""]),
        Language(grammar: #"root ::= ("a" | "b")* "c""#, accepted: ["c", "abbac"], refused: ["", "ab", "cc"]),
        Language(grammar: #"root ::= "a"+"#, accepted: ["a", "aaa"], refused: ["", "b"]),
        Language(grammar: #"root ::= "a"? "b"?"#, accepted: ["", "a", "b", "ab"], refused: ["ba", "aa"]),
        Language(grammar: #"root ::= "ab"{2}"#, accepted: ["abab"], refused: ["ab", "ababab"]),
        Language(grammar: #"root ::= "a"{2,}"#, accepted: ["aa", "aaaa"], refused: ["a", ""]),
        Language(grammar: #"root ::= [ab]{1,3}"#, accepted: ["a", "bab"], refused: ["", "abab"]),
        Language(grammar: #"root ::= "a"{0,0} "b""#, accepted: ["b"], refused: ["ab"]),
        Language(
            grammar: #"root ::= [^a-c\n]"#,
            accepted: ["d", "é", "😀", "\u{0}"],
            refused: ["b", "\n", "", "dd"]
        ),
        Language(grammar: #"root ::= [à-ü😀-😂]"#, accepted: ["é", "😁"], refused: ["e", "ÿ", "😃"]),
        Language(grammar: "root ::= .", accepted: ["a", "\n", "日", "\u{10FFFF}"], refused: ["", "ab"]),
        Language(
            grammar: #"root ::= "\x41\u00e9\U0001F600\n\t\r\\\"\[\]""#,
            accepted: ["Aé😀\n\t\r\\\"[]"],
            refused: ["A"]
        ),
        Language(grammar: #"root ::= [az] [\]\\-]"#, accepted: ["a]", "z-"], refused: ["b]", "a["]),
        Language(
            grammar: "# comment\nroot ::= item ( # here too\n  \",\" item\n)* |\n  \"none\"\nitem ::= [0-9]+ # end\n\n",
            accepted: ["1", "1,22,3", "none"],
            refused: ["1,", ",", "non"]
        ),
        Language(
            grammar: "root ::=\n  \"a\" b\nb ::= \"b\" b | \"\"",
            accepted: ["a", "ab", "abbb"],
            refused: ["b", "aba"]
        ),
        Language(grammar: #"root ::= "(" root ")" | "x""#, accepted: ["x", "((x))"], refused: ["((x)", "()"]),
        Language(
            grammar: "root ::= e\ne ::= t (\"+\" t)*\nt ::= \"1\" | \"(\" e \")\"",
            accepted: ["1+(1+1)"],
            refused: ["1+"]
        ),
        Language(
            grammar: "root ::= x | y\nx ::= \"a\" x \"b\" | \"ab\"\ny ::= \"a\" y \"c\" | \"ac\"",
            accepted: ["aabb", "aaaccc"],
            refused: ["aabc", "ab c"]
        ),
        Language(
            grammar: "root ::= ws \"a\" ws\nws ::= ([ \\t\\n] ws)?",
            accepted: ["a", " \n a\t"],
            refused: ["  ", "a a"]
        ),
        Language(
            grammar: "root ::= s\ns ::= | \"a\" s \"a\" | \"b\" s \"b\"",
            accepted: ["", "abba"],
            refused: ["abab", "a"]
        ),
    ]

    @Test(arguments: languages)
    func means(_ language: Language) throws {
        let grammar = try Grammar(gbnf: language.grammar)
        let matcher = ConstraintMatcher(grammar)
        for text in language.accepted { #expect(matcher.accepts(text), "\(text)") }
        for text in language.refused { #expect(!matcher.accepts(text), "\(text)") }
    }

    @Test(arguments: [
        ("", "no rule 'root'"), ("root", "line 1, column 5"), ("root ::= \"a", "not closed"),
        ("root ::= [a", "not closed"),
        ("root ::= (\"a\"", "not closed"), ("root ::= nobody", "no rule 'nobody'"),
        ("root ::= \"a\" )", "end of the line"),
        ("root ::= \"\\q\"", "no character"), ("root ::= [b-a]", "turn it round"), ("root ::= []", "no characters"),
        ("root ::= *", "end of the line"), ("root ::= \"a\"{3,2}", "second"), ("root ::= \"a\"{0,100000}", "20000"),
        ("root ::= \"a\"{}", "expected a number"), ("root ::= \"\\uD800\"", "no such character"),
        ("root ::= \"\\U00110000\"", "no such character"), ("root ::= \"a\"\nroot ::= \"b\"", "two rules"),
        ("root ::= root \"a\" | \"b\"", "left recursion: 'root' begins with 'root'"),
        (
            "root ::= x\nx ::= y \"a\"\ny ::= z? x | \"b\"\nz ::= \"c\"",
            "left recursion: 'x' begins with 'y' begins with 'x'"
        ),
        ("root ::= \"a\" x\nx ::= \"b\" x", "rule 'x' can produce nothing"), ("root ::= <think>", "not supported"),
        ("root ::= \"a\"\n| \"b\"", "line 2, column 1"), ("root := \"a\"", "'::='"),
        ("root ::= \"a\"?????????", "more than 8"),
    ])
    func refuses(_ text: String, _ words: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(gbnf: text) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func anotherRootAndNoSuchRoot() throws {
        let text = "root ::= \"a\"\nother ::= \"b\""
        #expect(ConstraintMatcher(try Grammar(gbnf: text, root: "other")).accepts("b"))
        #expect(throws: GrammarError.self) { try Grammar(gbnf: text, root: "missing") }
    }

    /// The sequences that a range of characters becomes are those of the characters, each one.
    @Test func rangesOfCharacters() throws {
        var generator = SeededGenerator(1)
        for _ in 0..<40 {
            let borders: [UInt32] = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]
            func pick() -> UInt32 {
                let value =
                    Int64(borders.randomElement(using: &generator) ?? 0) + .random(in: -70...70, using: &generator)
                return Unicode.Scalar(UInt32(clamping: min(value, 0x10FFFF)))?.value ?? 0xD7FF
            }
            let (first, second) = (pick(), pick())
            let range = min(first, second)...max(first, second)
            func spelled(_ value: UInt32) -> String {
                let digits = String(value, radix: 16)
                return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
            let grammar = try Grammar(gbnf: "root ::= [\(spelled(range.lowerBound))-\(spelled(range.upperBound))]")
            let matcher = ConstraintMatcher(grammar)
            for border in borders {
                for value in (border < 3 ? 0 : border - 3)...border + 3 {
                    guard let scalar = Unicode.Scalar(value) else { continue }
                    #expect(matcher.accepts(String(scalar)) == range.contains(value), "\(range) \(value)")
                }
            }
            // Surrogates, overlong sequences and what is beyond Unicode are no characters.
            for bytes: [UInt8] in [
                [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
            ] {
                #expect(matcher.state(behind: bytes) == nil)
            }
        }
    }
}
