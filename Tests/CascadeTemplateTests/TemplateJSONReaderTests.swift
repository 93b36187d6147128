import CascadeTestSupport
import Testing

@testable import CascadeTemplate

/// JSON by RFC 8259, read strictly, in order and within bounds.
struct TemplateJSONReaderTests {
    private func read(_ text: String) throws(TemplateJSONError) -> TemplateValue {
        try TemplateJSONReader.read(Array(text.utf8))
    }

    /// What is read, as Python's `json.dumps(json.loads(…), ensure_ascii=False)` prints it.
    @Test(
        arguments: [
            ("null", "null"), (" true ", "true"), ("\t\r\nfalse\n", "false"), ("[]", "[]"), ("{}", "{}"),
            ("[ ]", "[]"), ("{ }", "{}"), ("[1,2 , 3]", "[1, 2, 3]"),
            (#"{"b":1,"a":{"d":[],"c":{}}}"#, #"{"b": 1, "a": {"d": [], "c": {}}}"#),
            (#"{"a":1,"b":2,"a":3}"#, #"{"a": 3, "b": 2}"#),
            (#"{"":0," ":1}"#, #"{"": 0, " ": 1}"#),
            ("0", "0"), ("-0", "0"), ("-0.0", "-0.0"), ("1.50", "1.5"), ("1e2", "100.0"), ("1E+2", "100.0"),
            ("-1.25e-3", "-0.00125"), ("0e0", "0.0"), ("1e-400", "0.0"), ("123456789012", "123456789012"),
            ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
            // Beyond 64 bits Python would print all digits.
            ("9223372036854775808", "9.223372036854776e+18"), ("18446744073709551615", "1.8446744073709552e+19"),
            (#""""#, #""""#), (#""\"\\\/\b\f\n\r\t""#, #""\"\\/\b\f\n\r\t""#),
            (#""\u0041\u00e9\u6f22""#, #""Aé漢""#), (#""\uD83D\ude00""#, #""😀""#),
            (#""\u0000\u001f""#, #""\u0000\u001f""#),
            (#""é漢😀\u007f""#, "\"é漢😀\u{7F}\""), (#""\uFEFF\uFFFF""#, "\"\u{FEFF}\u{FFFF}\""),
        ]
    )
    func whatIsReadPrintsAsPythonPrintsIt(text: String, expected: String) throws {
        let printed = try read(text).json()
        #expect(Array(printed.utf8) == Array(expected.utf8), "\(text) is \(printed)")
    }

    @Test(
        arguments: [
            ("", "line 1, column 1: it ends where a value should stand"),
            ("  ", "line 1, column 3: it ends where a value should stand"),
            ("nul", "line 1, column 1: a value should stand in place of \"n\""),
            ("True", "line 1, column 1: a value should stand in place of \"T\""),
            ("NaN", "line 1, column 1: a value should stand in place of \"N\""),
            ("-Infinity", "line 1, column 2: a digit should stand in place of \"I\""),
            ("\u{FEFF}1", "line 1, column 1: a value should stand in place of \"\u{FEFF}\""),
            ("1 2", "line 1, column 3: the end should stand in place of \"2\""),
            ("{} x", "line 1, column 4: the end should stand in place of \"x\""),
            ("01", "line 1, column 2: the end should stand in place of \"1\""),
            ("+1", "line 1, column 1: a value should stand in place of \"+\""),
            (".5", "line 1, column 1: a value should stand in place of \".\""),
            ("1.", "line 1, column 3: it ends where a digit should stand"),
            ("1.e1", "line 1, column 3: a digit should stand in place of \"e\""),
            ("1e", "line 1, column 3: it ends where a digit should stand"),
            ("1e+", "line 1, column 4: it ends where a digit should stand"),
            ("-", "line 1, column 2: it ends where a digit should stand"),
            ("1e400", "line 1, column 1: the number 1e400 is too large"),
            ("[1,]", "line 1, column 4: a value should stand in place of \"]\""),
            ("[,1]", "line 1, column 2: a value should stand in place of \",\""),
            ("[1 2]", "line 1, column 4: ',' or ']' should stand in place of \"2\""),
            ("[1", "line 1, column 3: it ends where ',' or ']' should stand"),
            ("[", "line 1, column 2: it ends where a value should stand"),
            ("[1}", "line 1, column 3: ',' or ']' should stand in place of \"}\""),
            ("]", "line 1, column 1: a value should stand in place of \"]\""),
            ("{\"a\":1,}", "line 1, column 8: a key in quotes should stand in place of \"}\""),
            ("{a:1}", "line 1, column 2: a key in quotes should stand in place of \"a\""),
            ("{1:1}", "line 1, column 2: a key in quotes should stand in place of \"1\""),
            ("{\"a\" 1}", "line 1, column 6: ':' should stand in place of \"1\""),
            ("{\"a\":}", "line 1, column 6: a value should stand in place of \"}\""),
            ("{\"a\"", "line 1, column 5: it ends where ':' should stand"),
            ("// x\n1", "line 1, column 1: a value should stand in place of \"/\""),
            ("'a'", "line 1, column 1: a value should stand in place of \"\\'\""),
            ("\"a", "line 1, column 3: it ends where '\"' should stand"),
            ("\"a\nb\"", "line 1, column 3: a control character in a string must be written as an escape"),
            ("\"\u{1F}\"", "line 1, column 2: a control character in a string must be written as an escape"),
            ("\"\\x\"", "line 1, column 2: an unknown escape in a string"),
            ("\"\\", "line 1, column 2: an unknown escape in a string"),
            ("\"\\u12", "line 1, column 2: '\\u' must have four hexadecimal digits"),
            ("\"\\u12g4\"", "line 1, column 2: '\\u' must have four hexadecimal digits"),
            ("\"\\ud800\"", "line 1, column 2: half of a surrogate pair"),
            ("\"\\udc00\"", "line 1, column 2: half of a surrogate pair"),
            ("\"\\ud800x\"", "line 1, column 2: half of a surrogate pair"),
            ("\"\\ud800\\n\"", "line 1, column 2: half of a surrogate pair"),
            ("\"\\ud800\\ud800\"", "line 1, column 2: half of a surrogate pair"),
            ("\"\\udc00\\ud800\"", "line 1, column 2: half of a surrogate pair"),
            ("[\n \"漢\", x]", "line 2, column 7: a value should stand in place of \"x\""),
        ]
    )
    func whatIsNoJSONIsRefusedWithItsPlace(text: String, expected: String) {
        do throws(TemplateJSONError) {
            Issue.record("\(text.debugDescription) is \(try read(text))")
        } catch {
            #expect(error.description == expected, "\(text.debugDescription)")
        }
    }

    @Test func bytesThatAreNotUTF8AreRefused() {
        for (bytes, column) in [
            ([0x22, 0xFF, 0x22], 2), ([0x22, 0xC3, 0x22], 2), ([0x22, 0xED, 0xA0, 0x80, 0x22], 2), ([0x31, 0x80], 2),
        ] as [([UInt8], Int)] {
            let error = #expect(throws: TemplateJSONError.self) { try TemplateJSONReader.read(bytes) }
            #expect(error?.message == "byte \(column) is not UTF-8" && error?.column == column, "\(bytes)")
        }
    }

    @Test func nestingValuesAndNumbersAreBounded() throws {
        let most = TemplateJSONReader.mostNesting
        func nested(_ depth: Int) -> String {
            String(repeating: "[{\"a\":", count: depth / 2) + "1" + String(repeating: "}]", count: depth / 2)
        }
        #expect(try read(nested(most)).depth == most)
        #expect(throws: TemplateJSONError.self) { try read(nested(most + 2)) }
        // What is never closed is refused as soon, and no stack overflows.
        let error = #expect(throws: TemplateJSONError.self) { try read(String(repeating: "[", count: 1 << 20)) }
        #expect(error?.message == "lists and objects are nested more than 48 deep")

        func list(_ count: Int) -> String { "[" + repeatElement("0", count: count).joined(separator: ",") + "]" }
        guard case .list(let longest) = try read(list(TemplateJSONReader.mostValues - 1)) else {
            Issue.record("no list")
            return
        }
        #expect(longest.elements.count == 65_535)
        #expect(throws: TemplateJSONError.self) { try read(list(TemplateJSONReader.mostValues)) }
        #expect(try read("1" + String(repeating: "0", count: 200)).json() == "1e+200")
        #expect(throws: TemplateJSONError.self) { try read("0." + String(repeating: "1", count: 600)) }
        let long = [UInt8](repeating: 0x20, count: TemplateJSONReader.mostBytes + 1)
        #expect(throws: TemplateJSONError.self) { try TemplateJSONReader.read(long) }
    }

    /// An object of many keys costs no more than its bytes, and keys that only look the same are two.
    @Test(.timeLimit(.minutes(1)))
    func keysAreComparedByTheirBytes() throws {
        let many = "{" + (0..<60_000).map { "\"key \($0)\":\($0)" }.joined(separator: ",") + "}"
        guard case .map(let map) = try read(many), case .map(let twins) = try read("{\"\u{E9}\":1,\"e\u{301}\":2}")
        else {
            Issue.record("no map")
            return
        }
        #expect(map.entries.count == 60_000)
        #expect(twins.entries.count == 2)
    }

    @Test func allTextsComeFromOutside() throws {
        guard case .map(let map) = try read(#"{"key":["text",{"inner":"a\u0041"}]}"#),
            case .string(let key)? = map.entries.first?.key, case .list(let list)? = map.entries.first?.value,
            case .string(let text)? = list.elements.first
        else {
            Issue.record("another shape")
            return
        }
        #expect(key.foreign == [0..<3] && text.foreign == [0..<4])
    }

    /// Whatever the bytes are, they are refused or read; what was read prints as JSON that means the same.
    @Test func hostileBytesAreReadOrRefused() throws {
        let pieces: [[UInt8]] =
            [
                "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "null", "true", "1", "-", "0",
                ".5", "e9",
                "\"a\"", "\"b\":", " ", "\n", "é", "😀",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0x00]]
        var generator = SeededGenerator(seed: 5)
        var read = 0
        for _ in 0..<40_000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...7, using: &generator) {
                bytes += pieces.randomElement(using: &generator) ?? []
            }
            guard let value = try? TemplateJSONReader.read(bytes) else { continue }
            read += 1
            let printed = try value.json()
            #expect(try TemplateJSONReader.read(Array(printed.utf8)).json() == printed, "\(bytes)")
        }
        #expect(read > 1_000)
    }
}
