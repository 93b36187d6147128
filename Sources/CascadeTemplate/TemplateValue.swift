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

/// A list or tuple of a template.
package struct TemplateList: Sendable {
    /// The elements.
    package let elements: [TemplateValue]
    /// Whether Python would print it in round brackets.
    package let isTuple: Bool
    /// Whether it is a tuple of `groupby`, whose two elements have names.
    private(set) var isGroup = false
    /// How many lists and maps are inside one another, this one included.
    let depth: Int

    /// The same, as a group; the elements are what the group has in common and its list.
    var asGroup: TemplateList {
        var group = self
        group.isGroup = true
        return group
    }

    /// An element of a group by its name.
    func groupPart(_ name: String) -> TemplateValue? {
        guard isGroup else { return nil }
        switch name {
        case "grouper": return elements[0]
        case "list": return elements[1]
        default: return nil
        }
    }

    /// Creates a list or tuple.
    package init(_ elements: [TemplateValue], isTuple: Bool = false) {
        self.elements = elements
        self.isTuple = isTuple
        depth = 1 + elements.reduce(0) { max($0, $1.depth) }
    }
}

/// A map of a template; it keeps the order in which keys were first set, as Python's `dict` does.
///
/// Lookup is linear: chat templates have maps of a few entries, and the meter counts the search of larger ones.
package struct TemplateMap: Sendable {
    /// A key with its value.
    package typealias Entry = (key: TemplateValue, value: TemplateValue)

    /// The entries, in order.
    package private(set) var entries: [Entry] = []
    /// How many lists and maps are inside one another, this one included.
    private(set) var depth = 1

    /// Creates a map; of two entries with the same key the later one's value stays.
    package init(_ entries: [(String, TemplateValue)] = []) {
        for (key, value) in entries {
            set(.string(TemplateString(key)), value)
        }
    }

    /// Creates a map of entries whose keys differ: nothing is searched.
    init(distinct entries: [Entry]) {
        self.entries = entries
        depth = 1 + entries.reduce(0) { max($0, $1.value.depth) }
    }

    /// The same map, with all its texts from outside.
    var asForeign: TemplateMap {
        var map = self
        map.entries = entries.map { ($0.key.asForeign, $0.value.asForeign) }
        return map
    }

    /// The value of a key.
    package subscript(key: TemplateValue) -> TemplateValue? {
        entries.first { TemplateOperators.sameKey($0.key, key) }?.value
    }

    /// Sets a key's value, in its old place where it has one.
    mutating func set(_ key: TemplateValue, _ value: TemplateValue) {
        depth = max(depth, 1 + value.depth)
        if let index = entries.firstIndex(where: { TemplateOperators.sameKey($0.key, key) }) {
            entries[index].value = value
        } else {
            entries.append((key, value))
        }
    }
}

/// A value that only a template makes: something to call, or a namespace.
///
/// Namespaces are numbers into a table of the rendering, so that values never form a cycle and freeing them never
/// recurses deeper than `TemplateLimits.valueDepth`.
package struct TemplateObject: Sendable {
    enum Kind: Sendable, Equatable {
        case namespace(Int)
        case macro(Int)
        /// The body of a `call`, by its number in the rendering.
        case caller(Int)
        case function(TemplateFunction)
        /// A method that was named but not called.
        case method(String)
    }

    let kind: Kind

    var typeName: String {
        switch kind {
        case .namespace: "a namespace"
        case .macro: "a macro"
        case .caller: "a caller"
        case .function(let function): "the function '\(function.rawValue)'"
        case .method(let name): "the method '\(name)'"
        }
    }
}

/// The functions that every template may call.
enum TemplateFunction: String {
    case range
    case dict
    case namespace
    case raiseException = "raise_exception"
    /// Undefined where nobody says what time it is.
    case strftimeNow = "strftime_now"
}
