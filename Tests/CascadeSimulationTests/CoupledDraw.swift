/// The joint law of two tokens x and y drawn from rows q and p by one exponential race, in closed form
/// (decisions.md 6).
struct CoupledDraw {
    /// Dense rows.
    let p: [Double]
    let q: [Double]

    /// P(x, y).
    func probability(x: Int, y: Int) -> Double {
        guard q[x] > 0, p[y] > 0 else { return 0 }
        if x == y {
            // 1 / sum of max(p(u) / p(v), q(u) / q(v)) (Daliri et al., 2024).
            return 1 / p.indices.reduce(0) { $0 + max(p[$1] / p[y], q[$1] / q[y]) }
        }
        // x arrives at time s in q's race and y at time t in p's; r = s / t lies where neither overtakes the other.
        let (low, high) = (p[x] / q[x], q[y] > 0 ? p[y] / q[y] : .infinity)
        guard low < high else { return 0 }
        let bends = p.indices.filter { q[$0] > 0 }.map { p[$0] / q[$0] }.filter { low < $0 && $0 < high }
        let ends = [low] + bends.sorted() + [high]
        let integral = zip(ends, ends.dropFirst()).reduce(0) { $0 + piece($1.0, $1.1) }
        return p[y] * q[x] * integral
    }

    /// The integral of 1 / (sum of max(p(u), r q(u)))^2 over a piece where each maximum is always the same one.
    private func piece(_ low: Double, _ high: Double) -> Double {
        let middle = high == .infinity ? low + 1 : (low + high) / 2
        var (constant, slope) = (0.0, 0.0)
        for (p, q) in zip(p, q) {
            if p > middle * q { constant += p } else { slope += q }
        }
        if high == .infinity { return 1 / (slope * (constant + slope * low)) }
        return (high - low) / ((constant + slope * low) * (constant + slope * high))
    }
}
