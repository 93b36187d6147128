internal import CascadeCore

/// Finds tokens that are written out in a text: user-defined ones anywhere, control tokens only where nothing of them
/// comes from outside.
struct SpecialTokenMatcher: Sendable {
    private struct Entry: Sendable {
        let text: [UInt8]
        let token: Token
        let isControl: Bool
    }

    /// A place where a token is written out.
    typealias Match = (range: Range<Int>, token: Token)

    /// The tokens that begin with each byte, longest first.
    private let byFirstByte: [[Entry]]

    /// Creates a matcher of the special tokens among a vocabulary's. Those of `steering` count as control tokens even
    /// where their kind is user-defined: many files have the ends of their turns so.
    init(tokens: [[UInt8]], kinds: [TokenKind], steering: Set<Token>) {
        var buckets = [[Entry]](repeating: [], count: 256)
        for (id, (text, kind)) in zip(tokens, kinds).enumerated() {
            guard let first = text.first else { continue }
            switch kind {
            case .userDefined, .control, .unknown:
                let isControl = kind != .userDefined || steering.contains(Token(id))
                buckets[Int(first)].append(Entry(text: text, token: Token(id), isControl: isControl))
            case .normal, .unused, .byte: continue
            }
        }
        byFirstByte = buckets.map { bucket in bucket.sorted { ($1.text.count, $0.token) < ($0.text.count, $1.token) } }
    }

    /// The first special token at or behind `start`, the longest of those that begin there.
    ///
    /// `foreign` are the ranges of bytes from outside that do not end before `start`, ascending; those behind which the
    /// match begins are dropped.
    func first(
        in text: UnsafeBufferPointer<UInt8>,
        from start: Int,
        foreign: inout ArraySlice<Range<Int>>
    ) -> Match? {
        for offset in start..<text.count {
            while let range = foreign.first, range.upperBound <= offset { foreign.removeFirst() }
            if let match = longest(in: text, at: offset, foreign: foreign) { return match }
        }
        return nil
    }

    private func longest(
        in text: UnsafeBufferPointer<UInt8>,
        at offset: Int,
        foreign: ArraySlice<Range<Int>>
    ) -> Match? {
        for entry in byFirstByte[Int(text[offset])] {
            let range = offset..<offset + entry.text.count
            guard range.upperBound <= text.count, text[range].elementsEqual(entry.text) else { continue }
            let isOwn = foreign.first.map { $0.lowerBound >= range.upperBound } ?? true
            if isOwn || !entry.isControl && !swallowsControl(range, in: text, foreign: foreign) {
                return (range, entry.token)
            }
        }
        return nil
    }

    /// Whether a token that is partly from outside would take away the beginning of a control token that is not.
    private func swallowsControl(
        _ range: Range<Int>,
        in text: UnsafeBufferPointer<UInt8>,
        foreign: ArraySlice<Range<Int>>
    ) -> Bool {
        range.dropFirst().contains { offset in
            let behind = foreign.drop { $0.upperBound <= offset }
            return byFirstByte[Int(text[offset])].contains { entry in
                let end = offset + entry.text.count
                return entry.isControl && end <= text.count && (behind.first.map { $0.lowerBound >= end } ?? true)
                    && text[offset..<end].elementsEqual(entry.text)
            }
        }
    }
}
