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
    static func strip(_ text: String, _ set: String?, left: Bool = true, right: Bool = true) -> String {
        let dropped = set.map { Set($0.unicodeScalars) }
        func drops(_ scalar: Unicode.Scalar) -> Bool {
            dropped?.contains(scalar) ?? isSpace(scalar)
        }
        var rest = text.unicodeScalars[...]
        while left, let first = rest.first, drops(first) {
            rest.removeFirst()
        }
        while right, let last = rest.last, drops(last) {
            rest.removeLast()
        }
        return String(rest)
    }

    /// Python's `splitlines`, without the line ends.
    static func lines(of text: String) throws(TemplateError) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var isAfterReturn = false
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A where isAfterReturn:
                break
            case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029:
                lines.append(String(line))
                line.removeAll()
                try checkParts(lines.count)
            default:
                line.append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        if !line.isEmpty {
            lines.append(String(line))
        }
        return lines
    }

    /// Python's `split` at whitespace, at most `limit` times.
    static func words(of text: String, limit: Int) throws(TemplateError) -> [String] {
        var words: [String] = []
        var rest = text.unicodeScalars[...]
        while true {
            rest = rest.drop(while: isSpace)
            guard !rest.isEmpty else { return words }
            guard words.count < limit else {
                words.append(String(rest))
                return words
            }
            let word = rest.prefix { !isSpace($0) }
            words.append(String(word))
            try checkParts(words.count)
            rest = rest[word.endIndex...]
        }
    }

    /// Python's `split` at a separator that is not empty, at most `limit` times.
    static func split(_ text: String, at separator: String, limit: Int) throws(TemplateError) -> [String] {
        let bytes = Array(text.utf8)
        let length = separator.utf8.count
        var parts: [String] = []
        var start = 0
        for offset in occurrences(of: Array(separator.utf8), in: bytes, limit: min(limit, TemplateLimits.elements)) {
            parts.append(String(decoding: bytes[start..<offset], as: UTF8.self))
            start = offset + length
        }
        parts.append(String(decoding: bytes[start...], as: UTF8.self))
        try checkParts(parts.count)
        return parts
    }

    private static func checkParts(_ count: Int) throws(TemplateError) {
        guard count <= TemplateLimits.elements else {
            throw .limit("a text of more than \(TemplateLimits.elements) parts")
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
