import CascadeConstraint
import CascadeJSON
import Testing

/// What schemas mean, and which are refused.
@Suite struct SchemaTests {
    struct Language: Sendable, CustomTestStringConvertible {
        var schema: String
        var accepted: [String]
        var refused: [String]
        var testDescription: String { schema }
    }

    static let languages = [
        Language(
            schema: "true",
            accepted: ["1", "{\"a\": [1, {}]}", "\"é\\u00e9\\ud83d\\ude00\"", "-0.5e-3"],
            refused: ["", "01", "{\"a\":}", "\"\\ud83d\"", "[1 ,2]", "{  }", "\"\n\"", " 1"]
        ),
        Language(
            schema: #"{"type":"integer","minimum":-5,"maximum":123}"#,
            accepted: ["-5", "0", "99", "123"],
            refused: ["-6", "124", "-0", "1.0", "007", "1000"]
        ),
        Language(
            schema: #"{"type":"integer","exclusiveMinimum":9.5,"exclusiveMaximum":1e3}"#,
            accepted: ["10", "999"],
            refused: ["9", "1000"]
        ),
        Language(
            schema: #"{"type":"number","exclusiveMinimum":0,"maximum":2}"#,
            accepted: ["0.01", "1.99", "2.00", "1", "2"],
            refused: ["0", "0.0", "2.01", "-1", "1e0"]
        ),
        Language(
            schema: #"{"type":"number","minimum":-2,"exclusiveMaximum":-1}"#,
            accepted: ["-2", "-1.5", "-2.0"],
            refused: ["-1", "-1.0", "-2.1", "1.5"]
        ),
        Language(
            schema: #"{"type":"string","minLength":2,"maxLength":3}"#,
            accepted: ["\"ab\"", "\"日本語\"", "\"\\n\\ud83d\\ude00\""],
            refused: ["\"a\"", "\"abcd\"", "\"\\ud83d\\ude00\""]
        ),
        Language(
            schema: #"{"type":"string","pattern":"^[a-c]{2,}(x|\\.)\\d?$"}"#,
            accepted: ["\"abx\"", "\"cccc.5\""],
            refused: ["\"ax\"", "\"abx55\"", "\"abz\""]
        ),
        Language(
            schema: #"{"type":"string","pattern":"a\\\\b|^\"q"}"#,
            accepted: [#""xa\\by""#, #""\"q.""#],
            refused: [#""ab""#, #""x\"q""#]
        ),
        Language(
            schema: #"{"type":"string","format":"date-time"}"#,
            accepted: ["\"2024-02-29T10:00:00Z\""],
            refused: ["\"2024-13-01T10:00:00Z\""]
        ),
        Language(
            schema: #"{"type":"string","format":"uuid"}"#,
            accepted: ["\"123e4567-e89b-12d3-a456-426614174000\""],
            refused: ["\"123\""]
        ),
        Language(
            schema: #"{"type":"string","format":"ipv4"}"#,
            accepted: ["\"192.168.0.255\""],
            refused: ["\"192.168.0.256\""]
        ),
        Language(schema: #"{"type":"string","format":"email"}"#, accepted: ["\"a.b@c-d.org\""], refused: ["\"a.b\""]),
        Language(schema: #"{"type":"string","format":"colour"}"#, accepted: ["\"red\""], refused: ["red"]),
        Language(
            schema: #"{"enum":["a",1,null,{"k":[1,2]}]}"#,
            accepted: ["\"a\"", "1", "null", "{\"k\": [1, 2]}"],
            refused: ["\"b\"", "11"]
        ),
        Language(schema: #"{"type":["integer","null"]}"#, accepted: ["12", "null"], refused: ["1.5", "\"a\""]),
        Language(
            schema:
                #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"},"c":true},"#
                + #""required":["b"]}"#,
            accepted: [
                #"{"b":null}"#, #"{"a":1, "b": null}"#, #"{"a":1,"b":null,"c":[]}"#, #"{"b":null,"c":{"x":1}}"#,
            ],
            refused: [
                "{}", #"{"a":1}"#, #"{"b":null,"a":1}"#, #"{"b":null,"d":1}"#, #"{"b":null,"b":null}"#, #"{"b":null,}"#,
            ]
        ),
        Language(
            schema: #"{"properties":{"ab":{"type":"integer"}},"additionalProperties":{"type":"boolean"}}"#,
            accepted: ["{}", #"{"ab":1,"a":true,"abc":false}"#, #"{"x":true}"#, #"{"":true}"#, #"{"\n":true}"#],
            refused: [#"{"ab":true}"#, #"{"a":1}"#, #"{"\u0061b":true}"#, #"{"a":true,"ab":1}"#]
        ),
        Language(
            schema: #"{"type":"array","items":{"type":"integer"},"minItems":1,"maxItems":2}"#,
            accepted: ["[1]", "[1, 2]"],
            refused: ["[]", "[1,2,3]", "[1,]"]
        ),
        Language(
            schema: #"{"prefixItems":[{"type":"integer"},{"type":"null"}],"items":{"const":"z"},"minItems":1}"#,
            accepted: ["[1]", "[1,null]", "[1,null,\"z\",\"z\"]"],
            refused: ["[]", "[null]", "[1,\"z\"]"]
        ),
        Language(schema: #"{"prefixItems":[{"type":"integer"}]}"#, accepted: ["[]", "[1]"], refused: ["[1,2]"]),
        Language(schema: #"{"type":"array","maxItems":0}"#, accepted: ["[]"], refused: ["[1]"]),
        Language(
            schema:
                ##"{"$ref":"#/definitions/n","definitions":{"n":"##
                + ##"{"properties":{"v":{"type":"integer"},"n":{"$ref":"#/definitions/n"}}}}}"##,
            accepted: [#"{"v":1,"n":{"n":{}}}"#],
            refused: [#"{"n":{"v":"x"}}"#]
        ),
        Language(
            schema:
                ##"{"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"$ref":"#/$defs/b"}],"##
                + ##""$defs":{"b":{"properties":{"b":{"type":"null"}}}}}"##,
            accepted: [#"{"a":1,"b":null}"#, #"{"a":1}"#],
            refused: [#"{"b":null}"#, #"{"a":"x"}"#]
        ),
        Language(
            schema:
                #"{"type":"object","properties":{"t":{"type":"string"}},"anyOf":[{"required":["t"]},"#
                + #"{"properties":{"u":{"type":"null"}},"required":["u"]}]}"#,
            accepted: [#"{"t":"x"}"#, #"{"t":"x","u":null}"#, #"{"u":null}"#],
            refused: ["{}"]
        ),
        Language(
            schema: #"{"oneOf":[{"type":"string"},{"type":"null"}]}"#,
            accepted: ["\"a\"", "null"],
            refused: ["1"]
        ),
    ]

    @Test(arguments: languages)
    func means(_ language: Language) throws {
        let matcher = ConstraintMatcher(try Grammar(jsonSchema: language.schema))
        for text in language.accepted { #expect(matcher.accepts(text), "\(text)") }
        for text in language.refused { #expect(!matcher.accepts(text), "\(text)") }
    }

    @Test(arguments: [
        ("{", "not JSON"), ("1", "a schema is an object"), ("false", "allows nothing"), (#"{"not":{}}"#, "'not'"),
        (#"{"properties":{"a":{"if":{}}}}"#, "#/properties/a: 'if'"),
        (#"{"type":"array","uniqueItems":true}"#, "'uniqueItems'"),
        (#"{"patternProperties":{}}"#, "'patternProperties'"), (#"{"multipleOf":2}"#, "'multipleOf'"),
        (#"{"type":"text"}"#, "no type 'text'"),
        (##"{"$ref":"#/$defs/x"}"##, "nothing is at"),
        (##"{"$ref":"https://example.org/s"}"##, "not within this schema"),
        (##"{"$ref":"#"}"##, "can produce nothing"), (##"{"type":"integer","minimum":5,"maximum":4}"##, "no number"),
        (#"{"type":"number","minimum":0.5}"#, "not whole"), (#"{"minLength":3,"maxLength":2}"#, "maxLength is less"),
        (#"{"minItems":30000}"#, "at most"), (#"{"type":"string","pattern":"(?=a)"}"#, "looking ahead"),
        (#"{"pattern":"\\bx"}"#, "not supported"), (#"{"pattern":"a","minLength":1}"#, "lengths are not supported"),
        (#"{"required":["a"],"additionalProperties":false}"#, "'a' is required and not allowed"),
        (#"{"allOf":[{"type":"string"},{"type":"null"}]}"#, "no type in common"),
        (#"{"allOf":[{"pattern":"a"},{"pattern":"b"}]}"#, "#/pattern"), (#"{"enum":[]}"#, "no value"),
        (##"{"properties":{"n":{"$ref":"#"}},"required":["n"]}"##, "can produce nothing"),
    ])
    func refuses(_ schema: String, _ words: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    /// Whatever a mask allows ends in a document that is valid; masks are what trying each token says.
    @Test func walksAreValidDocuments() throws {
        var ended = 0
        for seed in UInt64(0)..<160 {
            let schema = RandomSchema(seed: seed).schema
            var matcher = ConstraintMatcher(try Grammar(jsonSchema: schema.text), vocabulary: Vocabularies.long)
            var generator = SeededGenerator(seed)
            for walkNumber in 0..<6 {
                let walk = Walk.random(&matcher, steps: 20 * walkNumber, using: &generator)
                let text = String(decoding: walk.bytes, as: UTF8.self)
                guard walk.hasEnded, let value = try? JSONParser.parse(walk.bytes),
                    SchemaValidator(root: schema).isValid(value, schema)
                else {
                    Issue.record("seed \(seed): \(text) under \(schema.text)")
                    return
                }
                ended += 1
                // The document is accepted again as it is written without blanks, where it is spelled so.
                if walkNumber == 0, let state = walk.states.randomElement(using: &generator) {
                    #expect(MaskCheck.problem(&matcher, at: state) == nil, "seed \(seed) \(text)")
                }
            }
        }
        #expect(ended == 960)
    }

    @Test func anyObjectIsAnObject() throws {
        var generator = SeededGenerator(8)
        var matcher = ConstraintMatcher(.jsonObject, vocabulary: Vocabularies.long)
        for number in 0..<100 {
            let walk = Walk.random(&matcher, steps: number * 2, using: &generator)
            guard walk.hasEnded, case .object? = try? JSONParser.parse(walk.bytes) else {
                Issue.record("\(String(decoding: walk.bytes, as: UTF8.self))")
                return
            }
        }
        let bytes = ConstraintMatcher(.jsonObject)
        #expect(bytes.accepts(#"{"a": [1, -2.5e3, "x\n", {"b":{}}, true, null], "é": []}"#))
        for text in [
            "[]", "1", "{\"a\"}", "{a:1}", "{\"a\":1,}", "{\"a\" :1}", "{}{}",
            "",
        ] { #expect(!bytes.accepts(text)) }
    }

    @Test func depthHasAnEndThatCanBeReached() throws {
        let matcher = ConstraintMatcher(.jsonObject)
        var state = try #require(matcher.state(behind: "{\"a\":".utf8))
        var depth = 0
        while let deeper = matcher.state(behind: "[".utf8, from: state) {
            state = deeper
            depth += 1
        }
        #expect((50..<JSONParser.mostDepth).contains(depth))
        let closed = String(repeating: "]", count: depth) + "}"
        #expect(matcher.state(behind: closed.utf8, from: state).map(matcher.mayEnd) == true)
    }
}
