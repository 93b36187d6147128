/// A JSON text as a value that keeps what a client wrote: the order of keys and the digits of numbers.
enum JSONValue: Equatable, Sendable {
    /// One key of an object, with its value.
    struct Member: Equatable, Sendable {
        var key: String
        var value: JSONValue
    }

    case null
    case bool(Bool)
    /// The digits as they stand in the text: 64 bits and fractions alike.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// What it is, for people.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue {
    /// A whole number.
    static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

    /// A number; JSON has none that are not finite, and they become null.
    static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The text, or null.
    static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// The number, or null.
    static func optional(_ number: Double?) -> JSONValue { number.map(JSONValue.double) ?? .null }

    /// The number, or null.
    static func optional(_ number: Int?) -> JSONValue { number.map(JSONValue.integer) ?? .null }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral
{
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }

    init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
}
