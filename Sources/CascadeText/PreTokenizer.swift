/// The rules that split a text into pieces; pairs are merged inside a piece only.
///
/// The rules are those of the models' own tokenizers, where they are regular expressions. Written by hand they need no
/// backtracking: the time is linear in the text. Bytes that are not valid UTF-8 count as symbols, one by one.
enum PreTokenizer: String, CaseIterable, Sendable {
    /// ```
    /// (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N} |
    ///  ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
    /// ```
    case qwen2
    /// First every `\p{N}` is split off; then, in what lies between,
    /// ```
    /// 's|'t|'re|'ve|'m|'ll|'d |  ?\p{L}+ |  ?\p{N}+ |  ?[^\s\p{L}\p{N}]+ | \s+(?!\S) | \s+
    /// ```
    case smollm

    /// End of the piece that begins at `start`, which lies before the end of the text. Always behind `start`.
    func pieceEnd(in text: TextScanner, from start: Int) -> Int {
        switch self {
        case .qwen2: qwen2PieceEnd(in: text, from: start)
        case .smollm: smollmPieceEnd(in: text, from: start)
        }
    }

    private func qwen2PieceEnd(in text: TextScanner, from start: Int) -> Int {
        if let end = text.contractionEnd(at: start, ignoringCase: true) { return end }
        let first = text.character(at: start)
        let second = start + first.length
        // Letters, with at most one other character before them.
        switch first.class {
        case .letter: return text.end(of: .letter, from: second)
        case .number: return second
        case .lineBreak, .end: break
        case .space, .other:
            let end = text.end(of: .letter, from: second)
            if end > second { return end }
        }
        if let end = symbolsEnd(in: text, from: start) { return text.end(of: .lineBreak, from: end) }
        // Whitespace up to its last line break.
        let run = whitespace(in: text, from: start)
        return run.lastLineBreak ?? run.lookahead(text)
    }

    private func smollmPieceEnd(in text: TextScanner, from start: Int) -> Int {
        if let end = text.contractionEnd(at: start, ignoringCase: false) { return end }
        let first = text.character(at: start)
        let second = start + first.length
        switch first.class {
        case .letter: return text.end(of: .letter, from: second)
        case .number: return second
        default: break
        }
        if text.isPlainSpace(at: start) {
            let end = text.end(of: .letter, from: second)
            if end > second { return end }
        }
        if let end = symbolsEnd(in: text, from: start) { return end }
        let run = whitespace(in: text, from: start)
        // A number ends the stretch that the second rule looks at, so whitespace before one stays whole.
        return text.character(at: run.end).class == .number ? run.end : run.lookahead(text)
    }

    /// End of ` ?[^\s\p{L}\p{N}]+` at `start`, or nil.
    private func symbolsEnd(in text: TextScanner, from start: Int) -> Int? {
        let symbols = text.isPlainSpace(at: start) ? start + 1 : start
        let end = text.end(of: .other, from: symbols)
        return end > symbols ? end : nil
    }

    private func whitespace(in text: TextScanner, from start: Int) -> WhitespaceRun {
        var run = WhitespaceRun(start: start, last: start, end: start, lastLineBreak: nil)
        while true {
            let (kind, length) = text.character(at: run.end)
            guard kind.isWhitespace else { return run }
            run.last = run.end
            run.end += length
            if kind == .lineBreak { run.lastLineBreak = run.end }
        }
    }
}

/// A stretch of whitespace.
private struct WhitespaceRun {
    var start: Int
    /// Where its last character begins.
    var last: Int
    var end: Int
    /// End of its last line break.
    var lastLineBreak: Int?

    /// End of `\s+(?!\S) | \s+`: before a word the last character is left for the word, unless it is the only one.
    func lookahead(_ text: TextScanner) -> Int {
        end == text.bytes.count || last == start ? end : last
    }
}
