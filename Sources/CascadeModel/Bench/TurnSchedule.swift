/// Which of several measurements of unequal length take part in the next round, within a time.
///
/// All begin with one turn. From then on those take part that fit into what is left and have had no more time than the
/// average of these: short ones have many turns, long ones few, and all of them spread over the whole time.
struct TurnSchedule {
    private let seconds: Double
    /// Time that each has taken so far, and its turns.
    private var spent: [Double]
    private var turns: [Int]

    /// - Parameters:
    ///   - count: number of measurements, at least 1.
    ///   - seconds: the whole time.
    init(count: Int, seconds: Double) {
        self.seconds = seconds
        spent = Array(repeating: 0, count: count)
        turns = Array(repeating: 0, count: count)
    }

    /// The measurements of the next round, in order; nil when there is time for none of them.
    func nextRound(elapsed: Double) -> [Int]? {
        guard !turns.contains(0) else { return spent.indices.filter { turns[$0] == 0 } }
        let fitting = spent.indices.filter { elapsed + expected($0) <= seconds }
        guard !fitting.isEmpty else { return nil }
        let average = fitting.reduce(0) { $0 + spent[$1] } / Double(fitting.count)
        var end = elapsed
        // The one with the least time is always among them, whatever the rounding of the average.
        let limit = max(average, fitting.map { spent[$0] }.min() ?? average)
        return fitting.filter { index in
            guard spent[index] <= limit, end + expected(index) <= seconds else { return false }
            end += expected(index)
            return true
        }
    }

    /// Says how long a turn took.
    mutating func took(_ duration: Double, turn index: Int) {
        spent[index] += duration
        turns[index] += 1
    }

    /// How long a turn took on average.
    private func expected(_ index: Int) -> Double { spent[index] / Double(turns[index]) }
}
