internal import CascadeCore

/// Finds tokens that are written out in a text: user-defined ones always, control tokens only where they are wanted.
struct SpecialTokenMatcher: Sendable {
    private struct Entry: Sendable {
        let text: [UInt8]
        let token: Token
        let isControl: Bool
    }

    /// The tokens that begin with each byte, longest first.
    private let byFirstByte: [[Entry]]

    /// Creates a matcher of the special tokens among a vocabulary's.
    init(tokens: [[UInt8]], kinds: [TokenKind]) {
        var buckets = [[Entry]](repeating: [], count: 256)
        for (id, (text, kind)) in zip(tokens, kinds).enumerated() {
            guard let first = text.first else { continue }
            switch kind {
            case .userDefined, .control, .unknown:
                let entry = Entry(text: text, token: Token(id), isControl: kind != .userDefined)
                buckets[Int(first)].append(entry)
            case .normal, .unused, .byte: continue
            }
        }
        byFirstByte = buckets.map { bucket in bucket.sorted { ($1.text.count, $0.token) < ($0.text.count, $1.token) } }
    }

    /// The first special token at or behind `start`, the longest of those that begin there.
    func first(
        in text: UnsafeBufferPointer<UInt8>,
        from start: Int,
        includingControl: Bool
    ) -> (range: Range<Int>, token: Token)? {
        for offset in start..<text.count {
            for entry in byFirstByte[Int(text[offset])] where includingControl || !entry.isControl {
                let end = offset + entry.text.count
                if end <= text.count, text[offset..<end].elementsEqual(entry.text) {
                    return (offset..<end, entry.token)
                }
            }
        }
        return nil
    }
}
