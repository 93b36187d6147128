extension Distribution {
    /// Index of the token whose share of the cumulated weights, in row order, covers `u` in (0, 1): one uniform number
    /// turned into one token of this distribution.
    package func index(at u: Double) -> Int {
        let weights = weights
        let goal = u * total
        var sum = 0.0
        for index in weights.indices {
            sum += Double(weights[index])
            if goal < sum { return index }
        }
        return weights.count - 1  // u >= 1; the sum ends exactly at the total
    }
}
