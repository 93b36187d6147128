internal import CascadeCore

/// Byte-pair encoding: starting from single bytes, the best pair of neighbours is merged until no pair is left.
///
/// Symbols are numbers: a token's id, or, for strings that occur in merges or as single bytes but are no tokens, a
/// number behind the last id.
struct PairMerger: Sendable {
    private let tokenCount: Int32
    /// Symbol of each byte.
    private let byteSymbols: [Int32]
    /// Rank of each pair that can be merged, by left symbol · 2^32 + right symbol.
    private let ranks: [UInt64: UInt32]
    /// Symbol that the pair of each rank becomes.
    private let results: [Int32]
    /// Ranks of the merges that name texts which are no tokens, the result among them; ascending.
    let foreignMerges: [Int]

    /// Creates a merger from the tokens' bytes (nil for tokens that no merge can yield) and the merges, best first.
    init(tokens: [[UInt8]?], merges: [[UInt8]]) throws(TokenizerError) {
        var symbols: [ArraySlice<UInt8>: Int32] = [:]
        symbols.reserveCapacity(tokens.count)
        for (id, bytes) in tokens.enumerated() {
            guard let bytes, !bytes.isEmpty else { continue }
            if let first = symbols.updateValue(Int32(id), forKey: bytes[...]) {
                throw .malformed(subject: "token \(id)", expected: "each text once", found: "that of token \(first)")
            }
        }
        var next = Int32(tokens.count)
        func symbol(_ bytes: ArraySlice<UInt8>) -> Int32 {
            if let known = symbols[bytes] { return known }
            defer { next += 1 }
            symbols[bytes] = next
            return next
        }
        byteSymbols = (0...UInt8.max).map { symbol([$0]) }
        var ranks: [UInt64: UInt32] = [:]
        var results: [Int32] = []
        var foreign: [Int] = []
        ranks.reserveCapacity(merges.count)
        results.reserveCapacity(merges.count)
        for (rank, merge) in merges.enumerated() {
            let (bytes, middle) = try PairMerger.parts(of: merge, rank)
            let (left, right) = (symbol(bytes[..<middle]), symbol(bytes[middle...]))
            let pair = PairMerger.pair(left, right)
            // Of equal pairs the first counts.
            if ranks[pair] == nil { ranks[pair] = UInt32(rank) }
            let result = symbol(bytes[...])
            results.append(result)
            if max(left, right, result) >= tokens.count { foreign.append(rank) }
        }
        foreignMerges = foreign
        self.ranks = ranks
        self.results = results
        tokenCount = Int32(tokens.count)
    }

    /// Bytes that no token stands for: they are left out of what is encoded.
    var missingBytes: [UInt8] { (0...UInt8.max).filter { byteSymbols[Int($0)] >= tokenCount } }

    /// Appends the tokens of `piece`. Takes n log n steps for n bytes.
    func encode(_ piece: UnsafeBufferPointer<UInt8>, using work: inout Workspace, into tokens: inout [Token]) {
        work.start(piece.map { byteSymbols[Int($0)] })
        for left in piece.indices.dropLast() { rank(left, &work) }
        while let (rank, left) = work.heap.pop() {
            // An entry whose pair has changed since is void.
            guard work.ranks[left] == rank else { continue }
            let right = Int(work.next[left])
            let after = Int(work.next[right])
            work.symbols[left] = results[Int(rank)]
            work.ranks[right] = .max
            work.next[left] = Int32(after)
            if after < piece.count { work.previous[after] = Int32(left) }
            self.rank(left, &work)
            if left > 0 { self.rank(Int(work.previous[left]), &work) }
        }
        var start = 0
        while start < piece.count {
            let end = Int(work.next[start])
            if work.symbols[start] < tokenCount {
                tokens.append(Token(work.symbols[start]))
            } else {
                for byte in piece[start..<end] where byteSymbols[Int(byte)] < tokenCount {
                    tokens.append(Token(byteSymbols[Int(byte)]))
                }
            }
            start = end
        }
    }

    /// Looks up the pair that begins at `left`, and queues it if it can be merged.
    private func rank(_ left: Int, _ work: inout Workspace) {
        let right = Int(work.next[left])
        guard right < work.symbols.count,
            let rank = ranks[PairMerger.pair(work.symbols[left], work.symbols[right])]
        else {
            work.ranks[left] = .max
            return
        }
        work.ranks[left] = rank
        work.heap.push(rank: rank, position: left)
    }

    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    /// The bytes of both halves of a merge, one behind the other, and where the second begins.
    private static func parts(of merge: [UInt8], _ rank: Int) throws(TokenizerError) -> (bytes: [UInt8], middle: Int) {
        if let space = merge.firstIndex(of: 0x20),
            let left = ByteAlphabet.bytes(of: merge[..<space]), !left.isEmpty,
            let right = ByteAlphabet.bytes(of: merge[(space + 1)...]), !right.isEmpty
        {
            return (left + right, left.count)
        }
        throw .malformed(
            subject: "merge \(rank)",
            expected: "two texts of the byte alphabet with a space between",
            found: "'\(String(decoding: merge.prefix(64), as: UTF8.self))'"
        )
    }
}

extension PairMerger {
    /// The state of one piece's encoding; kept from piece to piece so that its memory is.
    struct Workspace {
        /// Symbol that begins at each byte, where one does.
        fileprivate(set) var symbols: [Int32] = []
        /// Where the symbol behind the one at this byte begins.
        fileprivate(set) var next: [Int32] = []
        /// Where the symbol before the one at this byte begins.
        fileprivate(set) var previous: [Int32] = []
        /// Rank of the pair that begins here; `.max` when it cannot be merged or no symbol begins here.
        fileprivate(set) var ranks: [UInt32] = []
        fileprivate(set) var heap = PairHeap()

        fileprivate mutating func start(_ symbols: [Int32]) {
            self.symbols = symbols
            next.removeAll(keepingCapacity: true)
            previous.removeAll(keepingCapacity: true)
            ranks.removeAll(keepingCapacity: true)
            for index in 0..<Int32(symbols.count) {
                next.append(index + 1)
                previous.append(index - 1)
                ranks.append(.max)
            }
        }
    }
}
