/// A binary heap of merge candidates: the lowest rank first, and of equal ranks the leftmost.
struct PairHeap {
    /// rank · 2^32 + position, as a heap.
    private var entries: [UInt64] = []

    /// Adds a candidate.
    mutating func push(rank: UInt32, position: Int) {
        var child = entries.count
        entries.append(UInt64(rank) << 32 | UInt64(UInt32(position)))
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child] < entries[parent] else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the best candidate out.
    mutating func pop() -> (rank: UInt32, position: Int)? {
        guard let best = entries.first, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return (UInt32(best >> 32), Int(best & 0xFFFF_FFFF))
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            guard entries[child] < entries[parent] else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}
