/// A histogram as Prometheus has it.
struct Histogram: Equatable, Sendable {
    /// Upper edges of the buckets, ascending; one without an edge follows them.
    let edges: [Double]
    private(set) var counts: [UInt64]
    private(set) var sum = 0.0

    /// An empty histogram.
    init(edges: [Double]) {
        self.edges = edges
        counts = Array(repeating: 0, count: edges.count + 1)
    }

    /// All observations.
    var count: UInt64 { counts.reduce(0, +) }

    /// Counts a value, `times` over.
    mutating func observe(_ value: Double, times: Int = 1) {
        counts[edges.firstIndex { value <= $0 } ?? edges.count] += UInt64(times)
        sum += value * Double(times)
    }

    /// vLLM's edges of the time to the first token, in seconds.
    static let firstTokenEdges: [Double] = [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
        2560,
    ]
    /// vLLM's edges of the time between two tokens, in seconds.
    static let betweenTokensEdges: [Double] = [
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
    ]
}
