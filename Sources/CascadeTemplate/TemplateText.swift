/// Python's text functions, by Unicode scalar. Callers count their cost.
enum TemplateText {
    /// Python's `str.isspace` of one character.
    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x1C...0x20: true
        case ..<0x80: false
        default: scalar.properties.isWhitespace
        }
    }

    /// Whether two texts are the same scalars; Swift's `==` also takes different spellings of a character for equal.
    static func same(_ first: String, _ second: String) -> Bool {
        first.utf8.count == second.utf8.count && first.utf8.elementsEqual(second.utf8)
    }

    /// Python's `strip`: drops the characters of a set, by default whitespace, from the chosen ends.
    static func strip(_ text: TemplateString, _ set: String?, left: Bool = true, right: Bool = true) -> TemplateString {
        text[stripped(text.text, set, left: left, right: right)]
    }

    /// The bytes that Python's `strip` leaves.
    private static func stripped(_ text: String, _ set: String?, left: Bool, right: Bool) -> Range<Int> {
        let dropped = set.map { Set($0.unicodeScalars) }
        func drops(_ scalar: Unicode.Scalar) -> Bool {
            dropped?.contains(scalar) ?? isSpace(scalar)
        }
        var rest = text.unicodeScalars[...]
        var (start, end) = (0, text.utf8.count)
        while left, let first = rest.first, drops(first) {
            rest.removeFirst()
            start += UTF8.width(first)
        }
        while right, let last = rest.last, drops(last) {
            rest.removeLast()
            end -= UTF8.width(last)
        }
        return start..<end
    }

    /// The bytes of each line by Python's `splitlines`, without the line ends.
    static func lines(of text: String) throws(TemplateError) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var (start, offset) = (0, 0)
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            let next = offset + UTF8.width(scalar)
            switch scalar.value {
            case 0x0A where isAfterReturn:
                start = next
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(start..<offset)
                start = next
                try checkParts(lines.count)
            default:
                break
            }
            isAfterReturn = scalar == "\r"
            offset = next
        }
        if start < offset {
            lines.append(start..<offset)
        }
        return lines
    }

    /// The bytes of each part by Python's `split` at whitespace, at most `limit` times, or by its `rsplit`.
    static func words(of text: String, limit: Int, fromEnd: Bool = false) throws(TemplateError) -> [Range<Int>] {
        let scalars = text.unicodeScalars
        guard fromEnd else { return try words(in: scalars, bytes: text.utf8.count, limit: limit) }
        return mirrored(try words(in: scalars.reversed(), bytes: text.utf8.count, limit: limit), in: text.utf8.count)
    }

    private static func words(
        in scalars: some Sequence<Unicode.Scalar>,
        bytes count: Int,
        limit: Int
    ) throws(TemplateError) -> [Range<Int>] {
        var words: [Range<Int>] = []
        var start: Int?
        var offset = 0
        for scalar in scalars {
            if isSpace(scalar) {
                if let begun = start {
                    words.append(begun..<offset)
                    try checkParts(words.count)
                }
                start = nil
            } else if start == nil {
                guard words.count < limit else {
                    words.append(offset..<count)
                    return words
                }
                start = offset
            }
            offset += UTF8.width(scalar)
        }
        if let start {
            words.append(start..<offset)
        }
        return words
    }

    /// What was found in a text of `count` bytes that was read from its end.
    private static func mirrored(_ ranges: [Range<Int>], in count: Int) -> [Range<Int>] {
        ranges.reversed().map { count - $0.upperBound..<count - $0.lowerBound }
    }

    /// The bytes of each part by Python's `split` at a separator that is not empty, at most `limit` times, or by its
    /// `rsplit`.
    static func split(
        _ text: String,
        at separator: String,
        limit: Int,
        fromEnd: Bool = false
    ) throws(TemplateError) -> [Range<Int>] {
        let bytes = Array(text.utf8)
        let needle = Array(separator.utf8)
        let most = min(limit, TemplateLimits.elements)
        var parts: [Range<Int>] = []
        var start = 0
        for offset in occurrences(of: needle, in: bytes, limit: most, fromEnd: fromEnd) {
            parts.append(start..<offset)
            start = offset + needle.count
        }
        parts.append(start..<bytes.count)
        try checkParts(parts.count)
        return parts
    }

    private static func checkParts(_ count: Int) throws(TemplateError) {
        guard count <= TemplateLimits.elements else {
            throw .limit("a text of more than \(TemplateLimits.elements) parts")
        }
    }

    /// Byte offsets at which a needle that is not empty occurs, without overlap, at most `limit`, ascending: the first
    /// ones, or the last ones as they are met from the end.
    static func occurrences(of needle: [UInt8], in bytes: [UInt8], limit: Int, fromEnd: Bool) -> [Int] {
        guard fromEnd else { return occurrences(of: needle, in: bytes, limit: limit) }
        return occurrences(of: needle.reversed(), in: bytes.reversed(), limit: limit).reversed().map {
            bytes.count - needle.count - $0
        }
    }

    /// Byte offsets at which a needle that is not empty occurs, without overlap, at most `limit`.
    ///
    /// Knuth, Morris, Pratt: linear in the worst case, which a hostile template would choose.
    static func occurrences(of needle: [UInt8], in bytes: [UInt8], limit: Int) -> [Int] {
        guard !needle.isEmpty, needle.count <= bytes.count, limit > 0 else { return [] }
        // border[i]: the longest proper prefix of the needle that ends at i.
        var border = [Int](repeating: 0, count: needle.count)
        var matched = 0
        for index in 1..<max(1, needle.count) {
            while matched > 0, needle[index] != needle[matched] {
                matched = border[matched - 1]
            }
            matched += needle[index] == needle[matched] ? 1 : 0
            border[index] = matched
        }
        var offsets: [Int] = []
        matched = 0
        for index in bytes.indices {
            while matched > 0, bytes[index] != needle[matched] {
                matched = border[matched - 1]
            }
            matched += bytes[index] == needle[matched] ? 1 : 0
            if matched == needle.count {
                offsets.append(index + 1 - needle.count)
                guard offsets.count < limit else { break }
                matched = 0
            }
        }
        return offsets
    }

    /// Byte offsets of the characters of a text and of its end: where Python finds the empty string.
    static func boundaries(of text: String, limit: Int) -> [Int] {
        var offsets: [Int] = []
        var offset = 0
        for scalar in text.unicodeScalars {
            guard offsets.count < limit else { return offsets }
            offsets.append(offset)
            offset += UTF8.width(scalar)
        }
        return offsets.count < limit ? offsets + [offset] : offsets
    }
}
