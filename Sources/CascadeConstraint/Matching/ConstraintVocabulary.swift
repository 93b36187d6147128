/// The bytes of a vocabulary's tokens as a trie; made once for a tokenizer.
package struct ConstraintVocabulary: Sendable {
    /// One byte behind the bytes of the node above it. Nodes stand in the order of a walk that goes deep first.
    struct Node: Sendable {
        var byte: UInt8
        /// How many bytes lead here, less one.
        var depth: UInt16
        /// The node behind all that are below this one.
        var behind: Int32
        /// The token that ends here; -1 if none does. Others of the same bytes are its `twins`.
        var token: Int32
    }

    /// Bytes of a token, at most; longer ones are never allowed.
    static let mostBytes = 1024

    let pieces: [[UInt8]?]
    let endTokens: [UInt32]
    let nodes: [Node]
    let twins: [UInt32: [UInt32]]
    /// Bytes of the longest token.
    let longest: Int

    /// - Parameters:
    ///   - pieces: Each token's bytes. Nil, empty and those of more than 1024 bytes stand for no text: never allowed.
    ///   - endTokens: Allowed where the text may end and nowhere else, whatever their pieces are.
    package init(pieces: [[UInt8]?], endTokens: [UInt32]) {
        let ends = Set(endTokens.filter { Int($0) < pieces.count })
        self.endTokens = ends.sorted()
        let kept = pieces.enumerated().map { token, piece -> [UInt8]? in
            guard let piece, !piece.isEmpty, piece.count <= Self.mostBytes, !ends.contains(UInt32(token)) else {
                return nil
            }
            return piece
        }
        self.pieces = kept
        let order = kept.indices.filter { kept[$0] != nil }.sorted { first, second in
            let (left, right) = (kept[first] ?? [], kept[second] ?? [])
            return left == right ? first < second : left.lexicographicallyPrecedes(right)
        }
        (nodes, twins) = Self.trie(order.map { (UInt32($0), kept[$0] ?? []) })
        longest = kept.reduce(0) { max($0, $1?.count ?? 0) }
    }

    /// How many tokens there are.
    package var count: Int { pieces.count }

    private static func trie(_ sorted: [(token: UInt32, bytes: [UInt8])]) -> (nodes: [Node], twins: [UInt32: [UInt32]])
    {
        var nodes: [Node] = []
        var twins: [UInt32: [UInt32]] = [:]
        var path: [Int] = []
        var last: [UInt8] = []
        func close(to depth: Int) {
            while path.count > depth { nodes[path.removeLast()].behind = Int32(nodes.count) }
        }
        for (token, bytes) in sorted {
            if bytes == last, let end = path.last {
                twins[UInt32(nodes[end].token), default: []].append(token)
                continue
            }
            let shared = zip(bytes, last).prefix { $0 == $1 }.count
            close(to: shared)
            for depth in shared..<bytes.count {
                path.append(nodes.count)
                nodes.append(Node(byte: bytes[depth], depth: UInt16(depth), behind: 0, token: -1))
            }
            nodes[nodes.count - 1].token = Int32(token)
            last = bytes
        }
        close(to: 0)
        return (nodes, twins)
    }
}
