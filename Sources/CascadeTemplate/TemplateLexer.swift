/// Cuts a template into tokens, with Jinja's whitespace control as Hugging Face sets it: a newline behind a block or
/// comment is dropped (`trim_blocks`), and so is the indentation in front of one (`lstrip_blocks`); `-` strips all
/// whitespace on its side, `+` keeps it.
struct TemplateLexer {
    let scalars: [Unicode.Scalar]
    var offset = 0
    var tokens: [TemplateToken] = []

    private var tokenPosition = TemplatePosition(line: 1, column: 1)
    private var positionOffset = 0

    /// Takes the source: line ends become `\n`, and one at the very end is dropped.
    init(source: String) throws(TemplateError) {
        guard source.utf8.count <= TemplateLimits.sourceBytes else {
            throw .limit("a template of \(source.utf8.count) bytes, at most \(TemplateLimits.sourceBytes)")
        }
        var scalars: [Unicode.Scalar] = []
        var isAfterReturn = false
        for scalar in source.unicodeScalars {
            if scalar == "\r" {
                scalars.append("\n")
            } else if scalar != "\n" || !isAfterReturn {
                scalars.append(scalar)
            }
            isAfterReturn = scalar == "\r"
        }
        if scalars.last == "\n" {
            scalars.removeLast()
        }
        self.scalars = scalars
    }

    /// All tokens, the last of them `.end`.
    mutating func tokenize() throws(TemplateError) -> [TemplateToken] {
        while offset < scalars.count {
            let start = offset
            guard let tag = nextTag() else {
                add(.text(text(start..<scalars.count)), at: start)
                offset = scalars.count
                break
            }
            let sign = scalar(at: tag + 2)
            let end = textEnd(from: start, to: tag, sign: sign)
            if end > start {
                add(.text(text(start..<end)), at: start)
            }
            offset = tag + (sign == "-" || sign == "+" ? 3 : 2)
            switch scalars[tag + 1] {
            case "#":
                try skipComment(from: tag)
            case "%":
                if try tokenizeRaw(from: tag) { break }
                add(.blockBegin, at: tag)
                try tokenizeTag(closing: "%", from: tag)
            default:
                add(.variableBegin, at: tag)
                try tokenizeTag(closing: "}", from: tag)
            }
        }
        add(.end, at: scalars.count)
        return tokens
    }

    /// The offset of the next `{{`, `{%` or `{#`.
    private func nextTag() -> Int? {
        var index = offset
        while index + 1 < scalars.count {
            if scalars[index] == "{", ["{", "%", "#"].contains(scalars[index + 1]) {
                return index
            }
            index += 1
        }
        return nil
    }

    /// Where the text in front of a tag ends once whitespace control has had its way.
    func textEnd(from start: Int, to tag: Int, sign: Unicode.Scalar?) -> Int {
        if sign == "-" {
            var end = tag
            while end > start, TemplateText.isSpace(scalars[end - 1]) {
                end -= 1
            }
            return end
        }
        guard sign != "+", scalars[tag + 1] != "{" else { return tag }
        var lineStart = tag
        while lineStart > start, scalars[lineStart - 1] != "\n" {
            lineStart -= 1
        }
        // What begins behind another tag is a line only if that tag swallowed the newline.
        let isLine = lineStart > start || start == 0 || scalars[start - 1] == "\n"
        return isLine && scalars[lineStart..<tag].allSatisfy(TemplateText.isSpace) ? lineStart : tag
    }

    private mutating func skipComment(from tag: Int) throws(TemplateError) {
        let start = offset
        while offset + 1 < scalars.count {
            if scalars[offset] == "#", scalars[offset + 1] == "}" {
                let sign = offset > start ? scalars[offset - 1] : nil
                offset += 2
                skipAfterTag(sign: sign)
                return
            }
            offset += 1
        }
        throw .syntax("the comment does not end", at: position(of: tag))
    }

    /// Skips what whitespace control drops behind a block or comment.
    mutating func skipAfterTag(sign: Unicode.Scalar?) {
        if sign == "-" {
            skipSpace()
        } else if sign != "+", scalar(at: offset) == "\n" {
            offset += 1
        }
    }

    mutating func skipSpace() {
        while offset < scalars.count, TemplateText.isSpace(scalars[offset]) {
            offset += 1
        }
    }

    func scalar(at index: Int) -> Unicode.Scalar? {
        index < scalars.count ? scalars[index] : nil
    }

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    mutating func add(_ kind: TemplateToken.Kind, at offset: Int) {
        tokens.append(TemplateToken(kind: kind, position: position(of: offset)))
    }

    /// The position of an offset; asked for in rising order but for errors, so the source is counted once.
    mutating func position(of offset: Int) -> TemplatePosition {
        if offset < positionOffset {
            tokenPosition = TemplatePosition(line: 1, column: 1)
            positionOffset = 0
        }
        var (line, column) = (tokenPosition.line, tokenPosition.column)
        for scalar in scalars[positionOffset..<offset] {
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        tokenPosition = TemplatePosition(line: line, column: column)
        positionOffset = offset
        return tokenPosition
    }
}

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
