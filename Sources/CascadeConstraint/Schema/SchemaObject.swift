import CascadeJSON

/// The keywords of one schema, with where it stands.
struct SchemaObject {
    let members: [JSONValue.Member]
    let path: String

    init(_ members: [JSONValue.Member], _ path: String) {
        self.members = members
        self.path = path
    }

    subscript(_ key: String) -> JSONValue? { members.first { $0.key == key }?.value }

    var value: JSONValue { .object(members) }

    func without(_ keys: Set<String>) -> SchemaObject { .init(members.filter { !keys.contains($0.key) }, path) }

    /// Keywords by the type that they speak of.
    static let keysOfTypes: [(type: String, keys: [String])] = [
        ("object", ["properties", "required", "additionalProperties"]),
        ("array", ["items", "prefixItems", "minItems", "maxItems"]),
        ("string", ["minLength", "maxLength", "pattern", "format"]),
        ("number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    ]

    private static let combining: Set<String> = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"]

    private static let unsupported: Set<String> = [
        "not", "if", "then", "else", "dependentSchemas", "dependentRequired", "dependencies", "patternProperties",
        "propertyNames", "unevaluatedProperties", "unevaluatedItems", "uniqueItems", "contains", "minContains",
        "maxContains", "minProperties", "maxProperties", "multipleOf", "additionalItems", "$dynamicRef",
        "$recursiveRef", "contentSchema",
    ]

    /// The first keyword that restricts values.
    var restrictingKey: String? {
        members.first { member in
            Self.combining.contains(member.key) || Self.unsupported.contains(member.key)
                || Self.keysOfTypes.contains { $0.keys.contains(member.key) }
        }?.key
    }

    var restricts: Bool { restrictingKey != nil }

    func refuseUnsupported() throws(GrammarError) {
        for member in members where Self.unsupported.contains(member.key) {
            // These say nothing.
            if member.key == "uniqueItems", member.value == .bool(false) { continue }
            if member.key == "minProperties", member.value == .number("0") { continue }
            throw GrammarError("\(path): '\(member.key)' is not supported: leave it out or say it otherwise")
        }
    }

    /// The types that `type` names or, without one, the keywords imply; none means any.
    func types() throws(GrammarError) -> [String] {
        switch self["type"] {
        case nil:
            return Self.keysOfTypes.filter { type in type.keys.contains { self[$0] != nil } }.map(\.type)
        case .string(let type)?: return [type]
        case .array(let elements)?:
            var types: [String] = []
            for element in elements {
                guard case .string(let type) = element else { break }
                types.append(type)
            }
            guard types.count == elements.count, !types.isEmpty else {
                throw GrammarError("\(path)/type: expected a name or a list of names")
            }
            // Every integer is a number.
            return types.contains("number") ? types.filter { $0 != "integer" } : types
        default: throw GrammarError("\(path)/type: expected a name or a list of names")
        }
    }

    static func isValue(_ value: JSONValue, of type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"),
            (.object, "object"):
            true
        case (.number(let digits), "integer"):
            digits.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0 >= 48 && $0 <= 57 }
        default: false
        }
    }

    func string(_ key: String) throws(GrammarError) -> String? {
        guard let value = self[key] else { return nil }
        guard case .string(let text) = value else { throw GrammarError("\(path)/\(key): expected a string") }
        return text
    }

    func array(_ key: String) throws(GrammarError) -> [JSONValue]? {
        guard let value = self[key] else { return nil }
        guard case .array(let elements) = value else { throw GrammarError("\(path)/\(key): expected a list") }
        return elements
    }

    /// A number of items or characters.
    func count(_ key: String) throws(GrammarError) -> Int? {
        guard let value = self[key] else { return nil }
        guard case .number(let digits) = value, let count = Int(digits), count >= 0 else {
            throw GrammarError("\(path)/\(key): expected a whole number that is not negative")
        }
        guard count <= GrammarLimits.mostRepetitions else {
            throw GrammarError("\(path)/\(key): at most \(GrammarLimits.mostRepetitions); leave it out for any number")
        }
        return count
    }

    /// The least and the most of something, which have to be in order.
    func counts(_ least: String, _ most: String) throws(GrammarError) -> (least: Int, most: Int?) {
        let low = try count(least) ?? 0, high = try count(most)
        if let high, high < low { throw GrammarError("\(path): \(most) is less than \(least)") }
        return (low, high)
    }
}
