import CascadeJSON

/// The numbers that `minimum`, `maximum` and their exclusive kin leave, digit by digit.
struct NumberRange {
    /// A bound, rounded both ways, and cut where numbers have too many digits anyway.
    private struct Bound {
        var floor: Int
        var ceiling: Int
        var isExclusive: Bool
    }

    /// The first whole number with too many digits.
    private static let limit = 1_000_000_000_000_000_000

    private let path: String
    private let lower: [Bound]
    private let upper: [Bound]

    init(_ schema: SchemaObject) throws(GrammarError) {
        path = schema.path
        func bounds(_ keys: [String]) throws(GrammarError) -> [Bound] {
            var bounds: [Bound] = []
            for key in keys {
                guard let value = schema[key] else { continue }
                guard case .number(let text) = value, let (floor, ceiling) = Self.rounded(text) else {
                    throw GrammarError("\(schema.path)/\(key): expected a number of at most 64 digits")
                }
                bounds.append(Bound(floor: floor, ceiling: ceiling, isExclusive: key.hasPrefix("exclusive")))
            }
            return bounds
        }
        lower = try bounds(["minimum", "exclusiveMinimum"])
        upper = try bounds(["maximum", "exclusiveMaximum"])
    }

    private var isEmpty: GrammarError { GrammarError("\(path): no number is within minimum and maximum") }

    func integers() throws(GrammarError) -> Expression {
        guard !lower.isEmpty || !upper.isEmpty else { return JSONTerminals.integer }
        let low = lower.map { $0.isExclusive ? $0.floor + 1 : $0.ceiling }.max() ?? -Self.limit
        let high = upper.map { $0.isExclusive ? $0.ceiling - 1 : $0.floor }.min() ?? Self.limit
        var choice: [Expression] = []
        if high >= 0, let part = Self.whole(max(low, 0), high) { choice.append(part) }
        if low < 0, let part = Self.whole(max(1, -high), -low) { choice.append(.sequence([.literal("-"), part])) }
        guard !choice.isEmpty else { throw isEmpty }
        return .choice(choice)
    }

    /// Without bounds any number; with bounds, numbers without an exponent.
    func numbers() throws(GrammarError) -> Expression {
        guard !lower.isEmpty || !upper.isEmpty else { return JSONTerminals.number }
        guard (lower + upper).allSatisfy({ $0.floor == $0.ceiling }) else {
            throw GrammarError("\(path): bounds of a number that are not whole are not supported: use whole ones")
        }
        let low = lower.max { ($0.floor, $0.isExclusive ? 1 : 0) < ($1.floor, $1.isExclusive ? 1 : 0) }
        let high = upper.min { ($0.floor, $0.isExclusive ? 0 : 1) < ($1.floor, $1.isExclusive ? 0 : 1) }
        let zero = Bound(floor: 0, ceiling: 0, isExclusive: false)
        var choice: [Expression] = []
        if high.map({ $0.floor >= 0 }) ?? true {
            let from = low.flatMap { $0.floor >= 0 ? $0 : nil } ?? zero
            choice += Self.fractions(from, high)
        }
        if low.map({ $0.floor < 0 }) ?? true {
            // The same below zero, turned round.
            func negated(_ bound: Bound) -> Bound {
                Bound(floor: -bound.floor, ceiling: -bound.floor, isExclusive: bound.isExclusive)
            }
            let from = high.flatMap { $0.floor <= 0 ? negated($0) : nil } ?? zero
            choice += Self.fractions(from, low.map(negated)).map { .sequence([.literal("-"), $0]) }
        }
        guard !choice.isEmpty else { throw isEmpty }
        return .choice(choice)
    }

    /// Numbers that are not negative, from a whole bound to another or on and on.
    private static func fractions(_ low: Bound, _ high: Bound?) -> [Expression] {
        var choice: [Expression] = []
        let top = high?.floor ?? limit
        if low.isExclusive, low.floor < top, let part = whole(low.floor, low.floor) {
            choice.append(.sequence([part, .literal("."), notZero]))
        }
        let first = low.floor + (low.isExclusive ? 1 : 0)
        if first < top, let part = whole(first, top - 1) {
            choice.append(.sequence([part, .optional(JSONTerminals.fraction)]))
        }
        if let high, !high.isExclusive, first <= top, let part = whole(top, top) {
            let zeros = Expression.repeated(.literal("0"), least: 1, most: 16)
            choice.append(.sequence([part, .optional(.sequence([.literal("."), zeros]))]))
        }
        return choice
    }

    /// Digits behind a point that are not all zero.
    private static let notZero = Expression.sequence([
        .repeated(.literal("0"), least: 0, most: 7), digit(1, 9),
        .repeated(JSONTerminals.digit, least: 0, most: 8),
    ])

    private static func digit(_ low: UInt8, _ high: UInt8) -> Expression { .bytes(ByteSet(48 + low...48 + high)) }

    /// Whole numbers from `low`, which is not negative, to `high`, without zeros before them.
    private static func whole(_ low: Int, _ high: Int) -> Expression? {
        let high = min(high, limit - 1)
        guard low <= high else { return nil }
        var choice: [Expression] = []
        var first = 0, last = 9
        while first <= high {
            if last >= low {
                let from = Array(String(max(first, low)).utf8)[...], to = Array(String(min(last, high)).utf8)[...]
                choice.append(between(from, to))
            }
            first = last + 1
            last = first == limit ? limit : last * 10 + 9
        }
        return .choice(choice)
    }

    /// The texts of digits from `low` to `high`, which are equally long.
    private static func between(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>) -> Expression {
        guard let first = low.first, let last = high.first else { return .empty }
        let lowRest = low.dropFirst(), highRest = high.dropFirst()
        if first == last { return .sequence([.literal([first]), between(lowRest, highRest)]) }
        let zeros = Array(repeating: UInt8(ascii: "0"), count: lowRest.count)[...]
        let nines = Array(repeating: UInt8(ascii: "9"), count: lowRest.count)[...]
        var choice: [Expression] = []
        var from = first, to = last
        if lowRest != zeros {
            choice.append(.sequence([.literal([first]), between(lowRest, nines)]))
            from += 1
        }
        if highRest != nines {
            choice.append(.sequence([.literal([last]), between(zeros, highRest)]))
            to -= 1
        }
        if from <= to {
            let rest = Array(repeating: JSONTerminals.digit, count: lowRest.count)
            choice.append(.sequence([.bytes(ByteSet(from...to))] + rest))
        }
        return .choice(choice)
    }

    /// A number of JSON, rounded down and up; nil where it is too long to be read.
    private static func rounded(_ text: String) -> (floor: Int, ceiling: Int)? {
        var bytes = Array(text.utf8)[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes.removeFirst() }
        let parts = bytes.split(whereSeparator: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") })
        guard text.utf8.count <= 64, let mantissa = parts.first else { return nil }
        var exponent = 0
        if parts.count > 1 {
            guard let value = Int(String(decoding: parts[1], as: UTF8.self)), -1000...1000 ~= value else {
                return nil
            }
            exponent = value
        }
        let sides = mantissa.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let digits = sides.joined().map { Int($0) - 48 }
        let point = sides[0].count + exponent
        var magnitude = 0
        for index in 0..<max(0, point) where magnitude < limit {
            let digit = index < digits.count ? digits[index] : 0
            magnitude = magnitude < limit / 10 ? magnitude * 10 + digit : limit
        }
        magnitude = min(magnitude, limit)
        let isWhole = !digits.dropFirst(max(0, point)).contains { $0 != 0 }
        let more = isWhole ? magnitude : magnitude + 1
        return isNegative ? (-more, -magnitude) : (magnitude, more)
    }
}
