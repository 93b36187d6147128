import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeText

@Suite struct PreTokenizerTests {
    // MARK: By hand

    @Test(arguments: [
        ("", []),
        ("hello world", ["hello", " world"]),
        ("  two", [" ", " two"]),
        ("I've they'LL don't 'quoted'", ["I", "'ve", " they", "'LL", " don", "'t", " '", "quoted", "'"]),
        ("'re're'x'", ["'re", "'re", "'x", "'"]),
        ("x=1234;", ["x", "=", "1", "2", "3", "4", ";"]),
        (" 12", [" ", "1", "2"]),
        ("a, b", ["a", ",", " b"]),
        ("(name)\n\n  next", ["(name", ")\n\n", " ", " next"]),
        ("\n\n\tx", ["\n\n", "\tx"]),
        (" \n \n  y", [" \n \n", " ", " y"]),
        ("tail   ", ["tail", "   "]),
        ("tab\t\t.", ["tab", "\t", "\t", "."]),
        ("ab\r\ncd", ["ab", "\r\n", "cd"]),
        ("Ünïcödé 中文ⅷ½x", ["Ünïcödé", " 中文", "ⅷ", "½", "x"]),
        ("e\u{301}a", ["e", "\u{301}a"]),
        ("🙂🙂 ok", ["🙂🙂", " ok"]),
        ("\u{3000}\u{A0}z", ["\u{3000}", "\u{A0}z"]),
    ])
    func qwen2(text: String, pieces: [String]) {
        #expect(split(text, .qwen2) == pieces)
    }

    @Test(arguments: [
        ("", []),
        ("hello world", ["hello", " world"]),
        ("  two", [" ", " two"]),
        ("I've they'LL don't", ["I", "'ve", " they", "'", "LL", " don", "'t"]),
        ("x=1234;", ["x", "=", "1", "2", "3", "4", ";"]),
        ("a  12", ["a", "  ", "1", "2"]),
        ("a, b", ["a", ",", " b"]),
        ("(name)\n\n  next", ["(", "name", ")", "\n\n ", " next"]),
        ("\n\n\tx", ["\n\n", "\t", "x"]),
        ("tail   ", ["tail", "   "]),
        ("ab\r\ncd", ["ab", "\r", "\n", "cd"]),
        ("e\u{301}a ½", ["e", "\u{301}", "a", " ", "½"]),
    ])
    func smollm(text: String, pieces: [String]) {
        #expect(split(text, .smollm) == pieces)
    }

    @Test func invalidBytesAreSymbols() {
        // A lone continuation byte, an overlong slash, a surrogate, a value above U+10FFFF, a cut sequence.
        for bytes: [UInt8] in [[0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE4, 0xB8]] {
            let text = Array("a ".utf8) + bytes + Array("b".utf8)
            #expect(split(text, .smollm) == [[0x61], [0x20] + bytes, [0x62]])
            for rule in PreTokenizer.allCases { #expect(Array(split(text, rule).joined()) == text) }
        }
    }

    // MARK: Against regular expressions

    /// The rules as their authors wrote them. ICU's `\s` is not White_Space, which the models' own engines mean.
    private static let qwen2Pattern =
        #"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"#
        + #" ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|"#
        + #"\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+"#
    private static let gpt2Pattern =
        #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|"#
        + #"\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+"#

    @Test(arguments: [1, 2, 3] as [UInt64])
    func randomTextsSplitAsByTheRegularExpressions(seed: UInt64) throws {
        let qwen2 = try NSRegularExpression(pattern: Self.qwen2Pattern)
        let gpt2 = try NSRegularExpression(pattern: Self.gpt2Pattern)
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2_000 {
            let text = randomText(&generator)
            let name: Comment = "seed \(seed), round \(round): \(text.debugDescription)"
            #expect(split(text, .qwen2) == matches(qwen2, text), name)
            // The digits first, then the rest of the text between them.
            var expected: [String] = []
            for part in try split(text, by: NSRegularExpression(pattern: #"\p{N}"#)) {
                expected += matches(gpt2, part)
            }
            #expect(split(text, .smollm) == expected, name)
        }
    }

    /// Up to 40 characters, drawn so that the rules' alternatives meet each other often.
    private func randomText(_ generator: inout SeededGenerator) -> String {
        let letters = "aZsStTvVeErRlLmMdD''' \n\r\t.,({_19é中½Ⅷ\u{301}\u{A0}\u{2028}\u{85}\u{3000}\u{200B}🙂"
        let common = Array(letters.unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
            if Int.random(in: 0..<8, using: &generator) > 0 {
                text.append(common[Int.random(in: 0..<common.count, using: &generator)])
            } else if let scalar = Unicode.Scalar(UInt32.random(in: 1...0x2_FFFF, using: &generator)) {
                // Foundation's Unicode tables are older than Swift's: only characters that both know.
                if let age = scalar.properties.age, age.major <= 15 { text.append(scalar) }
            }
        }
        return String(text)
    }

    private func matches(_ expression: NSRegularExpression, _ text: String) -> [String] {
        let whole = NSRange(location: 0, length: text.utf16.count)
        return expression.matches(in: text, range: whole).map { (text as NSString).substring(with: $0.range) }
    }

    /// The matches of `expression` and what lies between them.
    private func split(_ text: String, by expression: NSRegularExpression) -> [String] {
        let string = text as NSString
        var parts: [String] = []
        var start = 0
        for match in expression.matches(in: text, range: NSRange(location: 0, length: string.length)) {
            parts.append(string.substring(with: NSRange(location: start, length: match.range.location - start)))
            parts.append(string.substring(with: match.range))
            start = match.range.location + match.range.length
        }
        parts.append(string.substring(from: start))
        return parts.filter { !$0.isEmpty }
    }

    // MARK: Parts

    private func split(_ text: String, _ rule: PreTokenizer) -> [String] {
        split(Array(text.utf8), rule).map { String(decoding: $0, as: UTF8.self) }
    }

    private func split(_ text: [UInt8], _ rule: PreTokenizer) -> [[UInt8]] {
        text.withUnsafeBufferPointer { bytes in
            let scanner = TextScanner(bytes: bytes)
            var pieces: [[UInt8]] = []
            var start = 0
            while start < bytes.count {
                let end = rule.pieceEnd(in: scanner, from: start)
                guard end > start, end <= bytes.count else {
                    Issue.record("piece from \(start) to \(end)")
                    return pieces
                }
                pieces.append(Array(bytes[start..<end]))
                start = end
            }
            return pieces
        }
    }
}
