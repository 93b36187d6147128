import CascadeCore

/// How tests draw what they put into messages.
extension SplitMix64 {
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
    mutating func maybe<Value>(_ make: (inout SplitMix64) -> Value) -> Value? {
        once(in: 2) ? make(&self) : nil
    }

    /// Up to `most` values.
    mutating func list<Value>(upTo most: Int, _ make: (inout SplitMix64) -> Value) -> [Value] {
        (0..<pick(0...most)).map { _ in make(&self) }
    }
}
