/// Reads JSON into the values of a template: strictly by RFC 8259, with the keys of objects in their order.
///
/// All texts, keys included, come from outside. Integers beyond 64 bits become floats, as in llama.cpp; of two entries
/// with the same key the later one's value stands in the earlier one's place, as in Python. A lone surrogate, a number
/// beyond a double and bytes that are not UTF-8 are refused. Bytes, nesting and the number of values are bounded.
package struct TemplateJSONReader {
    /// Lists and objects inside one another. A template's own maps around it stay within `TemplateLimits.valueDepth`.
    package static let mostNesting = 48
    /// Values, those of all lists and objects together.
    package static let mostValues = 1 << 16
    /// Bytes.
    package static let mostBytes = 16 << 20
    /// Bytes of a number: no sensible one comes near.
    private static let mostDigits = 512

    private let bytes: [UInt8]
    private var index = 0
    private var values = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The value that `bytes` are the JSON of.
    ///
    /// - Throws: `TemplateJSONError` with the line and column of what is wrong.
    package static func read(_ bytes: [UInt8]) throws(TemplateJSONError) -> TemplateValue {
        guard bytes.count <= mostBytes else {
            throw TemplateJSONError(message: "it has more than \(mostBytes) bytes", line: 1, column: 1)
        }
        var reader = TemplateJSONReader(bytes)
        if let wrong = reader.firstOtherByte {
            throw reader.error("byte \(wrong + 1) is not UTF-8", at: wrong)
        }
        reader.skipSpace()
        let value = try reader.readValue(nesting: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.unexpected("the end") }
        return value
    }

    /// Index of the first byte that is part of no character.
    private var firstOtherByte: Int? {
        guard !bytes.withUnsafeBufferPointer({ String(validating: $0, as: UTF8.self) != nil }) else { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { count += UTF8.width(scalar) }
        return count
    }

    // MARK: Values

    private mutating func readValue(nesting: Int) throws(TemplateJSONError) -> TemplateValue {
        values += 1
        guard values <= Self.mostValues else { throw error("there are more than \(Self.mostValues) values") }
        guard let first = current else { throw unexpected("a value") }
        switch first {
        case UInt8(ascii: "{"): return try readObject(nesting: nesting + 1)
        case UInt8(ascii: "["): return try readArray(nesting: nesting + 1)
        case UInt8(ascii: "\""): return .string(TemplateString(try readString(), isForeign: true))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try readNumber()
        case UInt8(ascii: "t"): return try readWord("true", .boolean(true))
        case UInt8(ascii: "f"): return try readWord("false", .boolean(false))
        case UInt8(ascii: "n"): return try readWord("null", .null)
        default: throw unexpected("a value")
        }
    }

    private mutating func readWord(_ word: String, _ value: TemplateValue) throws(TemplateJSONError) -> TemplateValue {
        guard bytes[index...].starts(with: word.utf8) else { throw unexpected("a value") }
        index += word.utf8.count
        return value
    }

    private mutating func readArray(nesting: Int) throws(TemplateJSONError) -> TemplateValue {
        try begin(nesting: nesting)
        var elements: [TemplateValue] = []
        if try !isAtEnd("]", isFirst: true) {
            repeat { elements.append(try readValue(nesting: nesting)) } while try !isAtEnd("]", isFirst: false)
        }
        return .list(TemplateList(elements))
    }

    private mutating func readObject(nesting: Int) throws(TemplateJSONError) -> TemplateValue {
        try begin(nesting: nesting)
        var entries: [TemplateMap.Entry] = []
        // By the bytes of the key: texts that only look the same are different keys.
        var places: [[UInt8]: Int] = [:]
        if try !isAtEnd("}", isFirst: true) {
            repeat {
                guard current == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
                let key = try readString()
                skipSpace()
                guard current == UInt8(ascii: ":") else { throw unexpected("':'") }
                index += 1
                skipSpace()
                let value = try readValue(nesting: nesting)
                if let place = places[Array(key.utf8)] {
                    entries[place].value = value
                } else {
                    places[Array(key.utf8)] = entries.count
                    entries.append((.string(TemplateString(key, isForeign: true)), value))
                }
            } while try !isAtEnd("}", isFirst: false)
        }
        return .map(TemplateMap(distinct: entries))
    }

    /// Goes into a list or object.
    private mutating func begin(nesting: Int) throws(TemplateJSONError) {
        guard nesting <= Self.mostNesting else {
            throw error("lists and objects are nested more than \(Self.mostNesting) deep")
        }
        index += 1
    }

    /// Whether a list or object ends here; else what stands before its next entry is taken.
    private mutating func isAtEnd(_ end: Unicode.Scalar, isFirst: Bool) throws(TemplateJSONError) -> Bool {
        skipSpace()
        if current == UInt8(ascii: end) {
            index += 1
            return true
        }
        if isFirst { return false }
        guard current == UInt8(ascii: ",") else { throw unexpected("',' or '\(end)'") }
        index += 1
        skipSpace()
        return false
    }

    // MARK: Numbers

    private mutating func readNumber() throws(TemplateJSONError) -> TemplateValue {
        let start = index
        var isInteger = true
        if current == UInt8(ascii: "-") { index += 1 }
        if current == UInt8(ascii: "0") { index += 1 } else { try readDigits() }
        if current == UInt8(ascii: ".") {
            isInteger = false
            index += 1
            try readDigits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            isInteger = false
            index += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            try readDigits()
        }
        guard index - start <= Self.mostDigits else {
            throw error("a number has more than \(Self.mostDigits) digits", at: start)
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw error("the number \(text) is too large", at: start)
        }
        return .float(value)
    }

    private mutating func readDigits() throws(TemplateJSONError) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let first = current, digits.contains(first) else { throw unexpected("a digit") }
        while let digit = current, digits.contains(digit) { index += 1 }
    }

    // MARK: Strings

    private mutating func readString() throws(TemplateJSONError) -> String {
        index += 1
        var text: [UInt8] = []
        var start = index
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                text += bytes[start..<index]
                index += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += bytes[start..<index]
                text += UTF8.encode(try readEscape()) ?? UTF8.encodedReplacementCharacter
                start = index
            case 0..<0x20:
                throw error("a control character in a string must be written as an escape")
            default: index += 1
            }
        }
        throw unexpected("'\"'")
    }

    private mutating func readEscape() throws(TemplateJSONError) -> Unicode.Scalar {
        let start = index
        index += 1
        let letter = current
        index += 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try readCharacter(from: start)
        default: throw error("an unknown escape in a string", at: start)
        }
    }

    /// The character of `\uXXXX`, or of two of them that are surrogates, behind the first `\u`.
    private mutating func readCharacter(from start: Int) throws(TemplateJSONError) -> Unicode.Scalar {
        let first = try readHex(from: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800..<0xDC00).contains(first), bytes[index...].starts(with: "\\u".utf8) else {
            throw error("half of a surrogate pair", at: start)
        }
        index += 2
        let second = try readHex(from: start)
        guard (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw error("half of a surrogate pair", at: start) }
        return scalar
    }

    private mutating func readHex(from start: Int) throws(TemplateJSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("'\\u' must have four hexadecimal digits", at: start)
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    // MARK: Places

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private func unexpected(_ expected: String) -> TemplateJSONError {
        guard index < bytes.count else { return error("it ends where \(expected) should stand") }
        let character = String(decoding: bytes[index...].prefix(4), as: UTF8.self).unicodeScalars.first ?? " "
        return error("\(expected) should stand in place of \(String(character).debugDescription)")
    }

    /// An error at a byte, by default the current one.
    private func error(_ message: String, at place: Int? = nil) -> TemplateJSONError {
        let before = bytes.prefix(place ?? index)
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return TemplateJSONError(
            message: message,
            line: 1 + before.reduce(0) { $0 + ($1 == 0x0A ? 1 : 0) },
            column: 1 + before[lineStart...].reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        )
    }
}

/// Why bytes are no JSON that can be read.
package struct TemplateJSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong.
    package let message: String
    /// The line, from 1.
    package let line: Int
    /// The column, from 1, in Unicode scalars.
    package let column: Int

    /// The place and what is wrong.
    package var description: String { "line \(line), column \(column): \(message)" }
}

extension TemplateValue {
    /// The value as JSON, in the form that Python writes.
    ///
    /// - Throws: `TemplateError` where it has a part that JSON does not know, or is too large.
    package func json() throws(TemplateError) -> String {
        var meter = TemplateMeter()
        return try TemplateJSON().text(of: self, &meter).text
    }
}
