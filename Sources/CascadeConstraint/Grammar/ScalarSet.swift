/// A set of Unicode scalars as ascending ranges that do not touch, and its spelling in UTF-8.
struct ScalarSet: Equatable, Sendable {
    private(set) var ranges: [ClosedRange<UInt32>]

    static let all = ScalarSet([0...0xD7FF, 0xE000...0x10FFFF])

    /// Of the ranges, what are scalars: surrogates are none.
    init(_ ranges: [ClosedRange<UInt32>]) {
        var merged: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged.flatMap { range -> [ClosedRange<UInt32>] in
            let lower = range.clamped(to: 0...0xD7FF), upper = range.clamped(to: 0xE000...0x10FFFF)
            return (range.lowerBound <= 0xD7FF ? [lower] : [])
                + (range.upperBound >= 0xE000 && range.lowerBound <= 0x10FFFF ? [upper] : [])
        }
    }

    init(of text: String) { self.init(text.unicodeScalars.map { $0.value...$0.value }) }

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }

    func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

    /// The scalars that are not in the set.
    var inverted: ScalarSet {
        var gaps: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
            next = range.upperBound + 1
        }
        if next <= 0x10FFFF { gaps.append(next...0x10FFFF) }
        return ScalarSet(gaps)
    }

    func subtracting(_ other: ScalarSet) -> ScalarSet { inverted.union(other).inverted }

    func intersection(_ other: ScalarSet) -> ScalarSet { inverted.union(other.inverted).inverted }

    /// One scalar of the set, in UTF-8.
    var expression: Expression {
        var single = ByteSet()
        var sequences: [Expression] = []
        for range in ranges {
            for part in Self.sameLength(range) {
                let low = Array(String(Self.scalar(part.lowerBound)).utf8)
                let high = Array(String(Self.scalar(part.upperBound)).utf8)
                if low.count == 1 {
                    single = single.union(ByteSet(low[0]...high[0]))
                } else {
                    sequences += Self.between(low[...], high[...]).map { .sequence($0.map(Expression.bytes)) }
                }
            }
        }
        if sequences.isEmpty { return .bytes(single) }
        return .choice((single.isEmpty ? [] : [.bytes(single)]) + sequences)
    }

    private static func scalar(_ value: UInt32) -> Unicode.Scalar { Unicode.Scalar(value) ?? "\u{FFFD}" }

    /// The range, cut where UTF-8 takes one byte more.
    private static func sameLength(_ range: ClosedRange<UInt32>) -> [ClosedRange<UInt32>] {
        [0...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF].compactMap { length in
            range.overlaps(length) ? range.clamped(to: length) : nil
        }
    }

    /// The sequences from `low` to `high`, which have one length, as sequences of ranges of bytes.
    private static func between(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>) -> [[ByteSet]] {
        guard let first = low.first, let last = high.first else { return [[]] }
        let lowRest = low.dropFirst(), highRest = high.dropFirst()
        if first == last { return between(lowRest, highRest).map { [ByteSet(first)] + $0 } }
        let least = Array(repeating: UInt8(0x80), count: lowRest.count)[...]
        let most = Array(repeating: UInt8(0xBF), count: lowRest.count)[...]
        var sequences: [[ByteSet]] = []
        var from = first, to = last
        if lowRest.contains(where: { $0 != 0x80 }) {
            sequences += between(lowRest, most).map { [ByteSet(first)] + $0 }
            from += 1
        }
        if highRest.contains(where: { $0 != 0xBF }) {
            sequences += between(least, highRest).map { [ByteSet(last)] + $0 }
            to -= 1
        }
        if from <= to { sequences += between(least, most).map { [ByteSet(from...to)] + $0 } }
        return sequences
    }
}
