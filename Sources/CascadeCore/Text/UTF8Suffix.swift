/// Number of bytes at the end of `bytes` that are a valid but incomplete UTF-8 character (Unicode 15, table 3-7): what
/// the next bytes may still complete. 0...3.
package func incompleteSuffixCount(of bytes: ArraySlice<UInt8>) -> Int {
    for count in 1...3 where count <= bytes.count {
        let suffix = bytes.suffix(count)
        guard let first = suffix.first else { return 0 }
        if first & 0xC0 == 0x80 { continue }  // a continuation byte: the lead byte is further left
        return isIncompleteCharacter(suffix) ? count : 0
    }
    return 0
}

/// Whether `bytes`, one lead byte and what follows it, is the proper beginning of a valid character.
private func isIncompleteCharacter(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let lead = bytes.first else { return false }
    let length: Int
    let second: ClosedRange<UInt8>
    switch lead {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return false
    }
    guard bytes.count < length else { return false }
    return bytes.count == 1 || second.contains(bytes[bytes.startIndex + 1])
}
