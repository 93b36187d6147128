/// The alphabet in which byte-level vocabularies are spelled: each byte is written as one printable character.
///
/// Bytes that are printable in Latin-1 (0x21-0x7E, 0xA1-0xAC, 0xAE-0xFF) stand for themselves; the other 68 are
/// written, in order, as U+0100 to U+0143. So a space is `Ġ` (U+0120) and a line feed `Ċ` (U+010A).
package enum ByteAlphabet {
    /// The bytes that `text` spells, or nil when a character is not of the alphabet.
    static func bytes(of text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var lead: UInt8?
        for byte in text {
            if let first = lead {
                // Two-byte sequences reach up to U+07FF; those below U+0080 would be overlong.
                guard byte & 0xC0 == 0x80 else { return nil }
                let scalar = Int(first & 0x1F) << 6 | Int(byte & 0x3F)
                guard scalar >= 0x80, scalar < byteOfScalar.count, byteOfScalar[scalar] >= 0 else { return nil }
                bytes.append(UInt8(byteOfScalar[scalar]))
                lead = nil
            } else if byte < 0x80 {
                guard byteOfScalar[Int(byte)] >= 0 else { return nil }
                bytes.append(byte)
            } else {
                guard byte & 0xE0 == 0xC0 else { return nil }
                lead = byte
            }
        }
        return lead == nil ? bytes : nil
    }

    /// How the alphabet spells `bytes`.
    package static func text(of bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.flatMap { byte -> [UInt8] in
            let scalar = scalarOfByte[Int(byte)]
            return scalar < 0x80 ? [UInt8(scalar)] : [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 0x3F)]
        }
    }

    private static let scalarOfByte: [Int] = {
        var next = 0x100
        return (0..<256).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    /// The byte that each scalar below U+0144 spells; -1 for scalars that are not of the alphabet.
    private static let byteOfScalar: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        for (byte, scalar) in scalarOfByte.enumerated() { bytes[scalar] = Int16(byte) }
        return bytes
    }()
}
