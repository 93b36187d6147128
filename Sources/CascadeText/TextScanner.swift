/// Walks over UTF-8 text one character at a time and tells of what class each is.
struct TextScanner {
    /// Classes of characters that the splitting rules tell apart.
    enum Class: Sendable {
        /// General category L: letters, modifier letters among them, combining marks not.
        case letter
        /// General category N: digits, letter numbers, fractions and the like.
        case number
        /// Carriage return and line feed.
        case lineBreak
        /// Any other character with the property White_Space.
        case space
        /// Everything else; also each byte that is not part of valid UTF-8.
        case other
        /// The end of the text.
        case end

        /// Whether `\s` matches.
        var isWhitespace: Bool { self == .space || self == .lineBreak }
    }

    let bytes: UnsafeBufferPointer<UInt8>

    /// Class and length in bytes of the character at `offset`; the length is 0 at the end.
    func character(at offset: Int) -> (class: Class, length: Int) {
        guard offset < bytes.count else { return (.end, 0) }
        let byte = bytes[offset]
        if byte < 0x80 { return (TextScanner.ascii[Int(byte)], 1) }
        guard let (scalar, length) = scalar(at: offset) else { return (.other, 1) }
        return (TextScanner.classify(scalar), length)
    }

    /// Where the run of characters of class `run` that begins at `offset` ends.
    func end(of run: Class, from offset: Int) -> Int {
        var offset = offset
        while true {
            let (kind, length) = character(at: offset)
            guard kind == run else { return offset }
            offset += length
        }
    }

    /// Whether the character at `offset` is a plain space (U+0020).
    func isPlainSpace(at offset: Int) -> Bool {
        offset < bytes.count && bytes[offset] == 0x20
    }

    /// Where an English contraction that begins at `offset` ends ('s 't 'd 'm 're 've 'll); nil when there is none.
    func contractionEnd(at offset: Int, ignoringCase: Bool) -> Int? {
        guard offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "'") else { return nil }
        func letter(_ distance: Int) -> UInt8 {
            guard offset + distance < bytes.count else { return 0 }
            let byte = bytes[offset + distance]
            let isUpper = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
            return ignoringCase && isUpper ? byte | 0x20 : byte
        }
        switch (letter(1), letter(2)) {
        case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "d"), _), (UInt8(ascii: "m"), _):
            return offset + 2
        case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")),
            (UInt8(ascii: "l"), UInt8(ascii: "l")):
            return offset + 3
        default: return nil
        }
    }

    /// The scalar of two or more bytes at `offset`; nil when the bytes there are not valid UTF-8.
    private func scalar(at offset: Int) -> (Unicode.Scalar, length: Int)? {
        let lead = UInt32(bytes[offset])
        let (length, least): (Int, UInt32) =
            switch lead {
            case 0xC0...0xDF: (2, 0x80)
            case 0xE0...0xEF: (3, 0x800)
            case 0xF0...0xF7: (4, 0x1_0000)
            default: (0, 0)
            }
        guard length > 0, offset + length <= bytes.count else { return nil }
        var value = lead & (0x7F >> UInt32(length))
        for index in 1..<length {
            let byte = UInt32(bytes[offset + index])
            guard byte & 0xC0 == 0x80 else { return nil }
            value = value << 6 | byte & 0x3F
        }
        // A value below `least` is overlong; surrogates and values above U+10FFFF are no scalars.
        guard value >= least, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }

    private static func classify(_ scalar: Unicode.Scalar) -> Class {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default: scalar.properties.isWhitespace ? .space : .other
        }
    }

    private static let ascii: [Class] = (0..<0x80).map { value in
        value == 0x0A || value == 0x0D ? .lineBreak : classify(Unicode.Scalar(UInt8(value)))
    }
}
