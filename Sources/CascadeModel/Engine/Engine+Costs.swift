extension Engine {
    /// Milliseconds of a pass of each number of rows (a draft of one sequence, logits for every row): the median of
    /// three, or of fewer where passes are slow, so that it is over in about two seconds.
    package func measureCosts(rows: [Int]) throws(ModelError) -> [(rows: Int, milliseconds: Double)] {
        let cache = makeCache()
        var costs: [(rows: Int, milliseconds: Double)] = []
        let start = monotonicNanoseconds()
        let budget: UInt64 = 1_800_000_000
        for (index, count) in rows.enumerated() {
            let deadline = start + budget * UInt64(index + 1) / UInt64(rows.count)
            var samples: [Double] = []
            // The first pass warms up caches and is not counted, unless there is no time for a second.
            for attempt in 0..<4 {
                let before = monotonicNanoseconds()
                if attempt > 1, before > deadline { break }
                try forward([Segment(cache: cache, tokens: Array(repeating: 0, count: count), logits: count)])
                samples.append(Double(monotonicNanoseconds() - before) / 1e6)
                cache.truncate(to: 0)
            }
            let counted = samples.dropFirst().sorted()
            costs.append((count, counted.isEmpty ? samples[0] : counted[counted.count / 2]))
        }
        return costs
    }
}
