import CascadeCore

/// How the simulator draws what happens when; what a model says is drawn otherwise.
extension SplitMix64 {
    /// Uniform in [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Whether something of that probability happens.
    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// Uniform in `range`.
    mutating func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// Uniform in `range`.
    mutating func pick(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + unit() * (range.upperBound - range.lowerBound)
    }

    /// One of `values`.
    mutating func pick<Value>(_ values: [Value]) -> Value { values[pick(0...(values.count - 1))] }
}
