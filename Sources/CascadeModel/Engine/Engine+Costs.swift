extension Engine {
    /// Milliseconds of a pass of each number of rows (a draft of one sequence, logits for every row): medians over
    /// rounds of all of them, so that a slow moment of the machine is shared; as many rounds as fit in about half a
    /// second, but at least one.
    package func measureCosts(rows: [Int]) throws(ModelError) -> [(rows: Int, milliseconds: Double)] {
        let cache = makeCache()
        var samples: [[Double]] = Array(repeating: [], count: rows.count)
        func milliseconds(_ count: Int) throws(ModelError) -> Double {
            let start = monotonicNanoseconds()
            try forward([Segment(cache: cache, tokens: Array(repeating: 0, count: count), logits: count)])
            cache.truncate(to: 0)
            return Double(monotonicNanoseconds() - start) / 1e6
        }
        // Touches every buffer for the first time.
        if let most = rows.max() { _ = try milliseconds(most) }
        let start = monotonicNanoseconds()
        var elapsed: UInt64 = 0
        var rounds: UInt64 = 0
        // One more round if at the pace so far it ends in time.
        while rounds == 0 || elapsed + elapsed / rounds < Engine.measurementNanoseconds, rounds < 16 {
            for (index, count) in rows.enumerated() { samples[index].append(try milliseconds(count)) }
            rounds += 1
            elapsed = monotonicNanoseconds() - start
        }
        return zip(rows, samples).map { ($0, $1.sorted()[$1.count / 2]) }
    }

    private static let measurementNanoseconds: UInt64 = 500_000_000
}
