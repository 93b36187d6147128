/// Text of others made safe for a terminal and for a log: what came from a peer, a file or a model's metadata.
///
/// Control characters (C0, C1, DEL), the characters that turn the direction of text (bidi), and line separators are
/// shown as escapes such as `\u{1b}`: they would move the cursor, rename the window, hide or reorder words, or make a
/// second line of a log. Everything else stays as it is.
package enum Printable {
    /// On one line: line feeds and tabs are shown as escapes too. For a name, a cell of a table, a log's line.
    package static func line(_ text: String) -> String { shown(text) { _ in false } }

    /// On as many lines as there are: line feeds and tabs stay. For a whole text of this program's own, which has names
    /// of others in it that were made a ``line(_:)`` before.
    package static func text(_ text: String) -> String { shown(text) { $0 == "\n" || $0 == "\t" } }

    /// JSON of an encoder that escapes C0 alone: the others too, as `\u` and four digits.
    package static func json(_ bytes: [UInt8]) -> [UInt8] {
        // Outside strings there are no such characters, and line feeds of the encoder's own.
        guard bytes.contains(where: { $0 == 0x7F || $0 >= 0xC2 }) else { return bytes }
        var result = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if isDangerous(scalar), scalar != "\n" {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return Array(result.utf8)
    }

    private static func shown(_ text: String, except isKept: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: { isDangerous($0) && !isKept($0) }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if !isDangerous(scalar) || isKept(scalar) {
                result.unicodeScalars.append(scalar)
            } else {
                switch scalar {
                case "\n": result += "\\n"
                case "\r": result += "\\r"
                case "\t": result += "\\t"
                default: result += "\\u{\(String(scalar.value, radix: 16))}"
                }
            }
        }
        return result
    }

    /// Whether a terminal, or whoever reads, takes the character for more than itself.
    static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F: true
        // Marks, embeddings, overrides and isolates of direction; line and paragraph separators.
        case 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

/// The text of an answer for a terminal, as it comes: control characters but line feeds and tabs are shown as escapes.
///
/// Text comes in pieces that may end within a character; those bytes wait for the rest.
package struct PrintableStream {
    private var begun: [UInt8] = []

    /// Creates the stream of an answer that begins.
    package init() {}

    /// What can be shown once these bytes have come.
    package mutating func next(_ bytes: [UInt8]) -> [UInt8] {
        let all = begun + bytes
        let open = Self.openBytes(all)
        begun = Array(all.suffix(open))
        return Array(Printable.text(String(decoding: all.dropLast(open), as: UTF8.self)).utf8)
    }

    /// What is left at the answer's end: half a character shows as U+FFFD.
    package mutating func end() -> [UInt8] {
        defer { begun = [] }
        return Array(String(decoding: begun, as: UTF8.self).utf8)
    }

    /// Bytes at the end that a character may have begun with.
    private static func openBytes(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where count <= bytes.count {
            let byte = bytes[bytes.count - count]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}

/// Seconds for people: `15`, `0.5`.
package func secondsText(_ seconds: Double) -> String {
    seconds == seconds.rounded() && abs(seconds) < 1e15 ? "\(Int(seconds))" : "\(seconds)"
}
