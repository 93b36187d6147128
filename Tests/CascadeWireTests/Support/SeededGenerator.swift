/// SplitMix64: random numbers that a seed repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// An integer in `range`.
    mutating func pick<Value: FixedWidthInteger>(_ range: ClosedRange<Value>) -> Value {
        Value.random(in: range, using: &self)
    }

    /// One of `values`.
    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[pick(0...values.count - 1)]
    }

    /// True once in `times`.
    mutating func once(in times: Int) -> Bool {
        pick(1...times) == 1
    }

    /// `make`'s value or nil.
    mutating func maybe<Value>(_ make: (inout SeededGenerator) -> Value) -> Value? {
        once(in: 2) ? make(&self) : nil
    }

    /// Up to `most` values.
    mutating func list<Value>(upTo most: Int, _ make: (inout SeededGenerator) -> Value) -> [Value] {
        (0..<pick(0...most)).map { _ in make(&self) }
    }
}
