import Testing

@testable import CascadeHost

/// Nothing that a terminal obeys is left of others' text; everything else stays as it is.
struct PrintableTests {
    /// Every character that is no letter to a terminal, by class.
    private static let dangerous: [UInt32] =
        Array(0..<0x20) + Array(0x7F...0x9F) + [0x061C, 0x200E, 0x200F] + Array(0x2028...0x202E)
        + Array(0x2066...0x2069)

    @Test func controlCharactersAreShown() {
        for value in Self.dangerous {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let line = Printable.line("a\(scalar)b")
            #expect(!line.unicodeScalars.contains(scalar) && line.hasPrefix("a\\") && line.hasSuffix("b"), "\(value)")
            let text = Printable.text("a\(scalar)b")
            #expect(text.unicodeScalars.contains(scalar) == ["\n", "\t"].contains(scalar), "\(value)")
        }
        #expect(Printable.line("a\u{1B}]0;x\u{7}\nb") == "a\\u{1b}]0;x\\u{7}\\nb")
    }

    @Test(arguments: [
        "", "plain", "Grüße, 世界 👩‍👩‍👧 — “so” ‘it’ goes…",
        "שלום عربي", "a\u{300}",
    ])
    func everythingElseStays(_ text: String) {
        #expect(Printable.line(text) == text)
        #expect(Printable.text(text + "\n\t") == text + "\n\t")
    }

    @Test func jsonKeepsItsMeaning() {
        let text = "{\n  \"a\" : \"\u{9B}31m\u{202E}\u{7F}é\"\n}"
        let safe = String(decoding: Printable.json(Array(text.utf8)), as: UTF8.self)
        #expect(safe == "{\n  \"a\" : \"\\u009b31m\\u202e\\u007fé\"\n}")
    }

    @Test func anAnswerComesInPieces() {
        let text = "a\u{1B}[31mé世👍\u{9B}\u{202E}z\n"
        let bytes = Array(text.utf8)
        let whole = Printable.text(text)
        for size in 1...bytes.count {
            var (stream, shown): (PrintableStream, [UInt8]) = (PrintableStream(), [])
            for start in stride(from: 0, to: bytes.count, by: size) {
                shown += stream.next(Array(bytes[start..<min(bytes.count, start + size)]))
            }
            #expect(String(decoding: shown + stream.end(), as: UTF8.self) == whole, "pieces of \(size)")
        }
        var stream = PrintableStream()
        #expect(stream.next([0x61, 0xE4, 0xB8]) == [0x61])
        #expect(String(decoding: stream.end(), as: UTF8.self) == "\u{FFFD}")
        #expect(stream.next([0x9B, 0x62]) == Array("\u{FFFD}b".utf8))
    }
}
