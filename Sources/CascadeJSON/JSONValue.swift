/// A JSON text as a value that keeps what a client wrote: the order of keys and the digits of numbers.
package enum JSONValue: Equatable, Sendable {
    /// One key of an object, with its value.
    package struct Member: Equatable, Sendable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    case null
    case bool(Bool)
    /// The digits as they stand in the text: 64 bits and fractions alike.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// What it is, for people.
    package var kind: String {
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
    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

    /// A number; JSON has none that are not finite, and they become null.
    package static func double(_ value: Double) -> JSONValue { value.isFinite ? .number("\(value)") : .null }

    /// The text, or null.
    package static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }

    /// The number, or null.
    package static func optional(_ number: Double?) -> JSONValue { number.map(JSONValue.double) ?? .null }

    /// The number, or null.
    package static func optional(_ number: Int?) -> JSONValue { number.map(JSONValue.integer) ?? .null }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral, ExpressibleByStringLiteral,
    ExpressibleByBooleanLiteral
{
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }

    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
}
