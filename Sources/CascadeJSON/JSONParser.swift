/// Reads one JSON text (RFC 8259) strictly, as deep as ``mostDepth``. Where a key stands twice, the last one counts.
package struct JSONParser {
    /// What is wrong with a text, for people, and at which byte.
    package struct Problem: Error, Equatable {
        package var message: String
        package var offset: Int
    }

    /// Arrays and objects within each other, at most.
    package static let mostDepth = 100

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The value that the whole of `bytes` says.
    package static func parse(_ bytes: [UInt8]) throws(Problem) -> JSONValue {
        var parser = JSONParser(bytes)
        parser.skipBlanks()
        let value = try parser.value()
        parser.skipBlanks()
        guard parser.index == bytes.count else { throw parser.problem("something stands behind the value") }
        return value
    }

    private func problem(_ message: String) -> Problem { Problem(message: message, offset: index) }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        index += 1
        return true
    }

    private mutating func value() throws(Problem) -> JSONValue {
        switch next {
        case nil: throw problem("the text ends where a value should be")
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Problem) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw problem("no value begins so") }
        index += word.utf8.count
        return value
    }

    private mutating func deeper() throws(Problem) {
        depth += 1
        guard depth <= Self.mostDepth else {
            throw problem("more than \(Self.mostDepth) arrays and objects within each other")
        }
        index += 1
        skipBlanks()
    }

    private mutating func array() throws(Problem) -> JSONValue {
        try deeper()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value())
            skipBlanks()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw problem("expected ',' or ']'") }
            skipBlanks()
        }
    }

    private mutating func object() throws(Problem) -> JSONValue {
        try deeper()
        defer { depth -= 1 }
        var members: [JSONValue.Member] = []
        var places: [String: Int] = [:]
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            guard next == UInt8(ascii: "\"") else { throw problem("expected a key in quotes") }
            let key = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw problem("expected ':'") }
            skipBlanks()
            let member = JSONValue.Member(key: key, value: try value())
            if let place = places[key] {
                members[place] = member
            } else {
                places[key] = members.count
                members.append(member)
            }
            skipBlanks()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw problem("expected ',' or '}'") }
            skipBlanks()
        }
    }

    private mutating func number() throws(Problem) -> JSONValue {
        let start = index
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return .number(String(decoding: bytes[start..<index], as: UTF8.self))
    }

    private mutating func digits() throws(Problem) {
        let start = index
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        guard index > start else { throw problem("no value begins so") }
    }
}

extension JSONParser {
    private mutating func string() throws(Problem) -> String {
        index += 1
        var text: [UInt8] = []
        while true {
            let start = index
            while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { index += 1 }
            text += bytes[start..<index]
            switch next {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw problem("the string is not UTF-8")
                }
                index += 1
                return string
            case UInt8(ascii: "\\"):
                index += 1
                text += String(try escaped()).utf8
            case nil: throw problem("the text ends within a string")
            default: throw problem("a control character stands within a string")
            }
        }
    }

    private mutating func escaped() throws(Problem) -> Unicode.Scalar {
        guard let byte = next else { throw problem("the text ends within a string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scalar()
        default: throw problem("no character is escaped so")
        }
    }

    /// The character of one or, behind a high surrogate, two groups of four digits. Half a pair is nobody's character.
    private mutating func scalar() throws(Problem) -> Unicode.Scalar {
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw problem("half of a surrogate pair")
        }
        let second = try fourDigits()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw problem("half of a surrogate pair") }
        return scalar
    }

    private mutating func fourDigits() throws(Problem) -> UInt32 {
        guard index + 4 <= bytes.count else { throw problem("expected four hexadecimal digits") }
        let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
        guard digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(digits, radix: 16)
        else { throw problem("expected four hexadecimal digits") }
        index += 4
        return value
    }
}
