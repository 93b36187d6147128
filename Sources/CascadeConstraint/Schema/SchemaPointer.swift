import CascadeJSON

/// Follows `$ref` within the schema: `#`, `#/$defs/name`, `#/definitions/name` and other pointers into it.
enum SchemaPointer {
    static func resolve(_ pointer: String, in root: JSONValue, from path: String) throws(GrammarError) -> JSONValue {
        guard pointer == "#" || pointer.hasPrefix("#/") else {
            throw GrammarError("\(path)/$ref: '\(pointer)' is not within this schema: put it into $defs")
        }
        var value = root
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let next = child(unescaped(part), of: value) else {
                throw GrammarError("\(path)/$ref: nothing is at '\(pointer)'")
            }
            value = next
        }
        return value
    }

    private static func child(_ key: String, of value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let members): members.first { $0.key == key }?.value
        case .array(let elements): Int(key).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
        default: nil
        }
    }

    /// The schema that a schema with nothing but a `$ref` stands for, over as many as it takes.
    static func dereferenced(
        _ schema: JSONValue,
        in root: JSONValue,
        from path: String,
        merge: inout SchemaMerge
    ) throws(GrammarError) -> JSONValue {
        var schema = schema
        for _ in 0..<GrammarLimits.mostNesting {
            guard case .object(let members) = schema else { return schema }
            let object = SchemaObject(members, path)
            guard let pointer = try object.string("$ref") else { return schema }
            let target = try resolve(pointer, in: root, from: path)
            let rest = object.without(["$ref"])
            schema = rest.restricts ? try merge.merge(target, rest.value, path) : target
        }
        throw GrammarError("\(path)/$ref: it comes back to itself")
    }

    private static func unescaped(_ part: Substring) -> String {
        var text = ""
        var rest = part[...]
        while let character = rest.popFirst() {
            if character == "~", let next = rest.first, next == "0" || next == "1" {
                text.append(next == "0" ? "~" : "/")
                rest.removeFirst()
            } else {
                text.append(character)
            }
        }
        return text
    }
}
