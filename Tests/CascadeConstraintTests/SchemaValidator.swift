import CascadeJSON

/// Says whether a value is valid under a schema, for the keywords that the tests use; knows nothing of grammars.
struct SchemaValidator {
    let root: JSONValue

    func isValid(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        guard case .object(let members) = schema else { return schema == .bool(true) }
        return members.allSatisfy { isValid(value, $0.key, $0.value, members) }
    }

    private func isValid(
        _ value: JSONValue,
        _ key: String,
        _ wanted: JSONValue,
        _ schema: [JSONValue.Member]
    ) -> Bool {
        switch (key, wanted) {
        case ("type", .string(let type)): return isType(value, type)
        case ("type", .array(let types)): return types.contains { isValid(value, "type", $0, schema) }
        case ("enum", .array(let values)): return values.contains(value)
        case ("const", _): return value == wanted
        case ("anyOf", .array(let schemas)): return schemas.contains { isValid(value, $0) }
        case ("allOf", .array(let schemas)): return schemas.allSatisfy { isValid(value, $0) }
        case ("$ref", .string(let pointer)): return isValid(value, resolve(pointer))
        default: break
        }
        switch value {
        case .string(let text): return isString(text, key, wanted)
        case .number(let digits): return isNumber(Double(digits) ?? .nan, key, wanted)
        case .array(let elements): return isArray(elements, key, wanted, schema)
        case .object(let members): return isObject(members, key, wanted, schema)
        default: return true
        }
    }

    private func resolve(_ pointer: String) -> JSONValue {
        pointer.split(separator: "/").dropFirst().reduce(root) { value, key in
            guard case .object(let members) = value else { return .bool(false) }
            return members.first { $0.key == key }?.value ?? .bool(false)
        }
    }

    private func isType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"),
            (.object, "object"):
            true
        case (.number(let digits), "integer"): (Double(digits) ?? .nan).rounded() == Double(digits)
        default: false
        }
    }

    private func number(_ wanted: JSONValue) -> Double {
        guard case .number(let digits) = wanted else { return .nan }
        return Double(digits) ?? .nan
    }

    private func isString(_ text: String, _ key: String, _ wanted: JSONValue) -> Bool {
        let count = Double(text.unicodeScalars.count)
        switch key {
        case "minLength": return count >= number(wanted)
        case "maxLength": return count <= number(wanted)
        default: return true
        }
    }

    private func isNumber(_ value: Double, _ key: String, _ wanted: JSONValue) -> Bool {
        switch key {
        case "minimum": value >= number(wanted)
        case "maximum": value <= number(wanted)
        case "exclusiveMinimum": value > number(wanted)
        case "exclusiveMaximum": value < number(wanted)
        default: value.isFinite
        }
    }

    private func isArray(
        _ elements: [JSONValue],
        _ key: String,
        _ wanted: JSONValue,
        _ schema: [JSONValue.Member]
    ) -> Bool {
        var prefix: [JSONValue] = []
        if case .array(let schemas)? = schema.first(where: { $0.key == "prefixItems" })?.value { prefix = schemas }
        switch key {
        case "minItems": return Double(elements.count) >= number(wanted)
        case "maxItems": return Double(elements.count) <= number(wanted)
        case "prefixItems": return zip(elements, prefix).allSatisfy { isValid($0, $1) }
        case "items": return elements.dropFirst(prefix.count).allSatisfy { isValid($0, wanted) }
        default: return true
        }
    }

    private func isObject(
        _ members: [JSONValue.Member],
        _ key: String,
        _ wanted: JSONValue,
        _ schema: [JSONValue.Member]
    ) -> Bool {
        var listed: [JSONValue.Member] = []
        if case .object(let properties)? = schema.first(where: { $0.key == "properties" })?.value {
            listed = properties
        }
        switch (key, wanted) {
        case ("required", .array(let names)):
            return names.allSatisfy { name in members.contains { .string($0.key) == name } }
        case ("properties", _):
            return members.allSatisfy { member in
                listed.first { $0.key == member.key }.map { isValid(member.value, $0.value) } ?? true
            }
        case ("additionalProperties", _):
            return members.allSatisfy { member in
                listed.contains { $0.key == member.key } || isValid(member.value, wanted)
            }
        default: return true
        }
    }
}
