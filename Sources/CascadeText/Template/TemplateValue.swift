/// A value that a template computes with; it behaves as the Python value of the same name.
package enum TemplateValue: Sendable {
    /// A missing variable, key or element, and what to say when it is used. It prints as nothing and is false.
    case undefined(String)
    /// Python's `None`; `null`, because `.none` would also be an empty optional.
    case null
    /// Python's `bool`; counts as 0 or 1 in arithmetic.
    case boolean(Bool)
    /// Python's `int`, within 64 bits.
    case integer(Int)
    /// Python's `float`.
    case float(Double)
    /// Python's `str`: lengths, indices and order go by Unicode scalar.
    case string(TemplateString)
    /// Python's `list` or `tuple`.
    case list(TemplateList)
    /// Python's `dict`.
    case map(TemplateMap)
    /// A namespace, macro, function or method; only a template makes these.
    case object(TemplateObject)

    /// How many lists and maps are inside one another: 0 for a plain value.
    var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .map(let map): map.depth
        default: 0
        }
    }

    /// Whether it is Python's `None`.
    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// What `if` makes of the value.
    var isTrue: Bool {
        switch self {
        case .undefined, .null: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let value): !value.elements.isEmpty
        case .map(let value): !value.entries.isEmpty
        case .object: true
        }
    }

    /// Whether the value may be a map's key.
    var isKey: Bool {
        switch self {
        case .null, .boolean, .integer, .float, .string: true
        case .undefined, .list, .map, .object: false
        }
    }

    /// The value as an `int`, where Python's `operator.index` has one.
    var index: Int? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        default: nil
        }
    }

    /// The value as a `float`, where it is a number.
    var number: Double? {
        switch self {
        case .float(let value): value
        default: index.map(Double.init)
        }
    }

    /// The same value, with all its texts from outside. Recurses as deep as the value, which the caller bounds.
    var asForeign: TemplateValue {
        switch self {
        case .string(let text): .string(text.asForeign)
        case .list(let list): .list(TemplateList(list.elements.map(\.asForeign), isTuple: list.isTuple))
        case .map(let map): .map(map.asForeign)
        case .undefined, .null, .boolean, .integer, .float, .object: self
        }
    }

    /// The type's name in messages.
    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .null: "none"
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .float: "a float"
        case .string: "a string"
        case .list(let list): list.isTuple ? "a tuple" : "a list"
        case .map: "a map"
        case .object(let object): object.typeName
        }
    }
}
