/// `{% raw %}…{% endraw %}`, whose inside is text.
extension TemplateLexer {
    /// Adds the text of a raw block where one begins behind the offset; false where another tag stands there.
    mutating func tokenizeRaw(from tag: Int) throws(TemplateError) -> Bool {
        guard let begin = end(ofTag: "raw", at: offset), begin.sign != "+" else { return false }
        offset = begin.end
        if begin.sign == "-" { skipSpace() }
        let start = offset
        for index in start..<scalars.count where scalars[index] == "{" && scalar(at: index + 1) == "%" {
            let sign = scalar(at: index + 2)
            let isSigned = sign == "-" || sign == "+"
            guard let found = end(ofTag: "endraw", at: index + (isSigned ? 3 : 2)) else { continue }
            let textEnd = textEnd(from: start, to: index, sign: sign)
            if textEnd > start { add(.text(text(start..<textEnd)), at: start) }
            offset = found.end
            skipAfterTag(sign: found.sign)
            return true
        }
        throw .syntax("the raw block does not end", at: position(of: tag))
    }

    /// Where a tag of a name and nothing else ends, and the sign in front of its end; nil where it does not stand
    /// there.
    private func end(ofTag name: String, at start: Int) -> (end: Int, sign: Unicode.Scalar?)? {
        var index = start
        func skip(_ index: inout Int) {
            while let scalar = scalar(at: index), TemplateText.isSpace(scalar) { index += 1 }
        }
        skip(&index)
        for expected in name.unicodeScalars {
            guard scalar(at: index) == expected else { return nil }
            index += 1
        }
        skip(&index)
        var sign = scalar(at: index)
        if sign == "-" || sign == "+" { index += 1 } else { sign = nil }
        return scalar(at: index) == "%" && scalar(at: index + 1) == "}" ? (index + 2, sign) : nil
    }
}
