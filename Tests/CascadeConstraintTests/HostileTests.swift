import CascadeConstraint
import Testing

/// Grammars and schemas that want too much are refused, soon.
@Suite struct HostileTests {
    static let grammars: [String] = [
        "root ::= ((((\"a\"{20000}){20000}){20000}){20000})",
        "root ::= ((((\"\"{20000}){20000}){20000}){20000})",
        "root ::= " + String(repeating: "(", count: 30000),
        "root ::= " + String(repeating: "(", count: 1000) + "\"a\"" + String(repeating: ")", count: 1000),
        "root ::= \"a\"" + String(repeating: "?", count: 60000),
        "root ::= " + String(repeating: "a", count: 70000),
        // A rule that doubles, and one that needs 2^20 positions when made deterministic.
        "root ::= r0\n" + (0..<40).map { "r\($0) ::= r\($0 + 1) r\($0 + 1)\n" }.joined() + "r40 ::= \"a\"",
        "root ::= [ab]* \"a\" [ab]{20}",
        "root ::= r0\n" + (0..<5000).map { "r\($0) ::= \"a\" r\($0 + 1)\n" }.joined() + "r5000 ::= \"a\"",
        // Rules that begin in 2^20 ways, and more calls within each other than are allowed.
        "root ::= a0\n"
            + (0..<20).map {
                "a\($0) ::= a\($0 + 1) \"x\" a0 | b\($0 + 1) \"y\" a0\nb\($0) ::= a\($0 + 1) \"z\" a0 | b\($0 + 1) a0\n"
            }.joined()
            + "a20 ::= \"a\"\nb20 ::= \"b\"",
        "root ::= [\\U0010FFFF-\\UFFFFFFFF]", "\u{0}", "root ::= \"\u{0}\" |||| ", "::=", "root ::= {1}", "#",
        "\u{FEFF}root ::= \"a\"",
    ]

    @Test(arguments: grammars.indices)
    func endsSoon(_ index: Int) {
        let clock = ContinuousClock()
        var refusal: GrammarError?
        let time = clock.measure {
            do throws(GrammarError) {
                var matcher = ConstraintMatcher(try Grammar(gbnf: Self.grammars[index]), vocabulary: Vocabularies.long)
                #expect(matcher.mask(at: matcher.start).allowedCount > 0)
            } catch {
                refusal = error
            }
        }
        // What is accepted (rules that double are rules that are called) has a mask.
        if let refusal { #expect(!refusal.message.isEmpty) }
        #expect(time < .seconds(5))
    }

    @Test func whatIsTooLargeIsRefused() {
        for index in [0, 1, 2, 3, 4, 5, 7, 8, 9] {
            #expect(throws: GrammarError.self, "grammar \(index)") { try Grammar(gbnf: Self.grammars[index]) }
        }
    }

    static let schemas: [String] = [
        String(repeating: "{\"items\":", count: 90) + "{}" + String(repeating: "}", count: 90),
        String(repeating: "[", count: 60000), "{\"enum\":[" + String(repeating: "\"abcdefgh\",", count: 5000) + "1]}",
        "{\"items\":{\"items\":{\"items\":{\"type\":\"string\",\"maxLength\":20000},"
            + "\"maxItems\":20000},\"maxItems\":20000},\"maxItems\":20000}",
        "{\"pattern\":\"" + String(repeating: "(", count: 5000) + "\"}", "{\"pattern\":\"((a{20000}){20000}){20000}\"}",
        "{\"pattern\":\"(a|b)*a(a|b){20}\"}", "{\"allOf\":[{\"$ref\":\"#\"}]}", "{\"$ref\":\"#\",\"type\":\"object\"}",
        "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"},{\"type\":\"null\"}]}", "{\"minimum\":1e999999999}",
        "{\"minimum\":-1e-1000,\"type\":\"integer\"}",
        "{\"minimum\":1e-9223372036854775808}", "{\"maximum\":1E9223372036854775807,\"type\":\"integer\"}",
        "{\"minimum\":-e5}", "{\"minimum\":0.0e-1000}",
        // References that double with each level, within anyOf and within allOf, and many parts that are compared.
        "{\"type\":\"string\",\"$defs\":{"
            + (0..<40).map { "\"a\($0)\":{\"anyOf\":[\(ref($0 + 1)),\(ref($0 + 1))]}," }.joined()
            + "\"a40\":{}},\"anyOf\":[\(ref(0)),{}]}",
        "{\"$defs\":{"
            + (0..<40).map { "\"a\($0)\":{\"allOf\":[\(ref($0 + 1)),\(ref($0 + 1))],\"title\":\"\($0)\"}," }.joined()
            + "\"a40\":{}},\"allOf\":[\(ref(0)),\(ref(1))]}",
        "{\"prefixItems\":[" + Array(repeating: "{}", count: 20000).joined(separator: ",") + "]}",
        "{\"$defs\":{\"a0\":{\"properties\":{" + (0..<3000).map { "\"p\($0)\":{}," }.joined()
            + "\"p\":{}}}},\"additionalProperties\":{},\"allOf\":["
            + Array(repeating: ref(0), count: 1500).joined(separator: ",") + "]}",
        "{\"properties\":1}", "{\"required\":[1]}", "{\"items\":[]}", "{\"type\":[]}", "{\"type\":7}", "{\"enum\":{}}",
        "{\"$ref\":\"#/\"}",
        "{\"maxItems\":-1}", "{\"maxItems\":1.5}", "{\"maximum\":\"x\"}", "{\"pattern\":\"[\"}", "{\"pattern\":\"a{\"}",
        "{\"pattern\":\"\\\\\"}",
        "{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}",
    ]

    private static func ref(_ number: Int) -> String { "{\"$ref\":\"#/$defs/a\(number)\"}" }

    @Test(arguments: schemas.indices)
    func schemaEndsSoon(_ index: Int) {
        let time = ContinuousClock().measure {
            guard let grammar = try? Grammar(jsonSchema: Self.schemas[index]) else { return }
            var matcher = ConstraintMatcher(grammar, vocabulary: Vocabularies.long)
            #expect(matcher.mask(at: matcher.start).allowedCount > 0, "\(Self.schemas[index].prefix(100))")
        }
        #expect(time < .seconds(5), "\(Self.schemas[index].prefix(100))")
    }

    /// Whatever byte of a grammar or schema is changed, reading ends with a grammar or words.
    @Test func brokenTextsDoNotTrap() {
        let grammar = "root ::= (\"a\" | [^b-c\\x41] item{1,2})* # x\nitem ::= \"\\u00e9\" | \".\" root?\n"
        let schema =
            #"{"type":["object"],"properties":{"a":{"minimum":-5,"type":"integer"},"b":{"pattern":"^a[b-d]{1,2}$"}}}"#
        var generator = SeededGenerator(9)
        var accepted = 0
        for _ in 0..<3000 {
            for (text, isGrammar) in [(grammar, true), (schema, false)] {
                var bytes = Array(text.utf8)
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let index = Int.random(in: bytes.indices, using: &generator)
                    let other = bytes[Int.random(in: bytes.indices, using: &generator)]
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: bytes[index] = other
                    case 1: bytes.remove(at: index)
                    default: bytes.insert(other, at: index)
                    }
                }
                let changed = String(decoding: bytes, as: UTF8.self)
                let grammar = isGrammar ? try? Grammar(gbnf: changed) : try? Grammar(jsonSchema: changed)
                guard let grammar else { continue }
                accepted += 1
                var matcher = ConstraintMatcher(grammar)
                #expect(matcher.mask(at: matcher.start).allowedCount > 0, "\(changed)")
            }
        }
        #expect(accepted > 300)
    }

    @Test func strangeVocabularies() {
        let pieces: [[UInt8]?] = [
            nil, [], Array(repeating: 0x20, count: 5000), Array("{".utf8), Array("{".utf8), Array("{}".utf8),
        ]
        var matcher = ConstraintMatcher(.jsonObject, vocabulary: .init(pieces: pieces, endTokens: [0, 0, 99]))
        #expect(matcher.mask(at: matcher.start).tokens == [3, 4, 5])
        #expect(matcher.state(after: 0, from: matcher.start) == nil)
        #expect(matcher.state(after: 99, from: matcher.start) == nil)
        let end = matcher.state(after: 5, from: matcher.start)
        #expect(end.map { matcher.mask(at: $0).tokens } == [0])
        var none = ConstraintMatcher(.jsonObject, vocabulary: .init(pieces: [], endTokens: []))
        #expect(none.mask(at: none.start).allowedCount == 0)
    }
}
