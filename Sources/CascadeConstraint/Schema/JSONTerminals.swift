/// What JSON texts are made of, as a constraint writes them: compactly, and so that nothing goes on for ever.
///
/// A blank may follow a comma or a colon; no other blanks occur. Numbers have at most ``mostDigits`` digits before the
/// point, 16 behind it and two in the exponent, so that all of them are finite.
enum JSONTerminals {
    static let mostDigits = 18

    static let comma = Expression.sequence([.literal(","), .optional(.literal(" "))])
    static let colon = Expression.sequence([.literal(":"), .optional(.literal(" "))])
    static let digit = Expression.bytes(ByteSet(UInt8(ascii: "0")...UInt8(ascii: "9")))
    static let boolean = Expression.choice([.literal("true"), .literal("false")])
    static let null = Expression.literal("null")

    /// Characters that stand for themselves in a string.
    static let plain = ScalarSet([0x20...0x10FFFF]).subtracting(ScalarSet(of: "\"\\"))

    /// One character of a string, in any of its spellings; half of a surrogate pair is none.
    static let character: Expression = {
        func hex(_ digits: String) -> Expression { .bytes(ByteSet(of: digits)) }
        let any = hex("0123456789abcdefABCDEF")
        let single = Expression.choice([
            .sequence([hex("0123456789abcefABCEF"), any, any, any]), .sequence([hex("dD"), hex("01234567"), any, any]),
        ])
        let pair = Expression.sequence([
            hex("dD"), hex("89abAB"), any, any, .literal("\\u"), hex("dD"), hex("cdefCDEF"), any, any,
        ])
        let escape = Expression.choice([
            .bytes(ByteSet(of: "\"\\/bfnrt")), .sequence([.literal("u"), .choice([single, pair])]),
        ])
        return .choice([plain.expression, .sequence([.literal("\\"), escape])])
    }()

    /// A string with as many characters.
    static func string(least: Int = 0, most: Int? = nil) -> Expression {
        quoted(.repeated(character, least: least, most: most))
    }

    static func quoted(_ content: Expression) -> Expression { .sequence([.literal("\""), content, .literal("\"")]) }

    static let fraction = Expression.sequence([.literal("."), .repeated(digit, least: 1, most: 16)])

    static let number: Expression = {
        let sign = Expression.optional(.bytes(ByteSet(of: "+-")))
        let exponent = Expression.sequence([.bytes(ByteSet(of: "eE")), sign, .repeated(digit, least: 1, most: 2)])
        return .sequence([integer, .optional(fraction), .optional(exponent)])
    }()

    static let integer: Expression = {
        let first = Expression.bytes(ByteSet(UInt8(ascii: "1")...UInt8(ascii: "9")))
        let digits = Expression.repeated(digit, least: 0, most: mostDigits - 1)
        return .sequence([.optional(.literal("-")), .choice([.literal("0"), .sequence([first, digits])])])
    }()

    /// An object of any keys.
    static func object(of value: Expression) -> Expression {
        members(.init(members: [], others: .sequence([string(), colon, value]), separator: comma))
    }

    static func array(of value: Expression) -> Expression {
        .sequence([
            .literal("["), .members(.init(members: [], others: value, separator: comma)), .literal("]"),
        ])
    }

    static func members(_ members: Expression.Members) -> Expression {
        .sequence([.literal("{"), .members(members), .literal("}")])
    }

    /// The rule of any value, which is added.
    static func value(in rules: inout RuleSet) throws(GrammarError) -> Int {
        let value = try rules.add("value", .empty)
        rules.define(
            value,
            .choice([
                object(of: .rule(value)), array(of: .rule(value)), string(), number, boolean, null,
            ])
        )
        return value
    }
}
