import CascadeJSON
import Testing

/// JSON in and out.
@Suite struct JSONTests {
    @Test(arguments: [
        #"{"b":1,"a":[true,false,null,-0.5e+3,"x"],"":{}}"#, "[]", #""é😀\"\\\n\u0001""#, "12345678901234567890",
    ])
    func keepsOrderAndDigits(_ text: String) throws {
        #expect(try JSONParser.parse(Array(text.utf8)).text == text)
    }

    @Test func blanksAndEscapes() throws {
        let value = try JSONParser.parse(Array(" { \"a\" : [ 1 , \"\\u00e9\\ud83d\\ude00\\/\\b\" ] } \n".utf8))
        #expect(value == ["a": [.number("1"), "é😀/\u{08}"]])
    }

    @Test func theLastOfTwoKeysCounts() throws {
        #expect(try JSONParser.parse(Array(#"{"a":1,"b":2,"a":3}"#.utf8)) == ["a": .number("3"), "b": .number("2")])
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", ".5", "+1", "1e", "tru", "nul", "\"a", "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\u+123\"", "\"a\nb\"", "1 2", "NaN", "[1 2]",
        "{\"a\":1 \"b\":2}",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test func refusesWhatIsNotUTF8() {
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse([0x22, 0xFF, 0x22]) }
    }

    @Test func depthHasAnEnd() throws {
        let most = JSONParser.mostDepth
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        _ = try JSONParser.parse(nested(most))
        #expect(throws: JSONParser.Problem.self) { try JSONParser.parse(nested(most + 1)) }
    }

    /// Whatever single byte is changed or left out, reading ends with a value or a problem.
    @Test func brokenTextsDoNotTrap() {
        let text = Array(#"{"a":[1.5e3,"\ud83d\ude00é",null],"b":{"c":true}}"#.utf8)
        var read = 0
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                if (try? JSONParser.parse(changed)) != nil { read += 1 }
            }
            if (try? JSONParser.parse(Array(text[..<index]))) != nil { Issue.record("half a text was read") }
        }
        #expect(read > text.count)
    }

    @Test func numbersThatAreNotFinite() {
        #expect(JSONValue.double(.infinity) == .null)
        #expect(JSONValue.double(0.5).text == "0.5")
    }
}
