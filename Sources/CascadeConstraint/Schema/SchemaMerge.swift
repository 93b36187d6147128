import CascadeJSON

/// The schema that allows what two schemas both allow, where one can be written. Counts its work, which is bounded: a
/// small text may refer to the same large parts again and again.
struct SchemaMerge {
    private var work = 0

    /// Counts what comparing each of so many with each of so many takes.
    private mutating func charge(_ first: Int, _ second: Int, _ path: String) throws(GrammarError) {
        work += (first + 1) * (second + 1)
        guard work <= GrammarLimits.mostMergeWork else {
            throw GrammarError("\(path): allOf and references make it too large: write it more simply")
        }
    }

    mutating func merge(_ first: JSONValue, _ second: JSONValue, _ path: String) throws(GrammarError) -> JSONValue {
        switch (first, second) {
        case (.bool(true), let other), (let other, .bool(true)): return other
        case (.object(let left), .object(let right)): return .object(try merge(left, right, path))
        default: throw GrammarError("\(path): these schemas have nothing in common")
        }
    }

    private mutating func merge(
        _ left: [JSONValue.Member],
        _ right: [JSONValue.Member],
        _ path: String
    ) throws(GrammarError) -> [JSONValue.Member] {
        try charge(left.count, right.count, path)
        var merged: [JSONValue.Member] = []
        for member in left {
            guard let other = right.first(where: { $0.key == member.key })?.value else {
                merged.append(member)
                continue
            }
            let value = try merge(member.key, member.value, other, "\(path)/\(member.key)")
            merged.append(.init(key: member.key, value: value))
        }
        merged += right.filter { member in !left.contains { $0.key == member.key } }
        try closeProperties(&merged, left, right, path)
        return merged
    }

    private mutating func merge(
        _ key: String,
        _ left: JSONValue,
        _ right: JSONValue,
        _ path: String
    ) throws(GrammarError) -> JSONValue {
        if left == right { return left }
        try charge(Self.count(left), Self.count(right), path)
        switch (key, left, right) {
        case ("properties", .object(let first), .object(let second)):
            var members: [JSONValue.Member] = []
            for member in first {
                let other = second.first { $0.key == member.key }?.value
                let both = JSONValue.object([.init(key: "allOf", value: .array([member.value, other ?? .bool(true)]))])
                members.append(.init(key: member.key, value: other == nil ? member.value : both))
            }
            return .object(members + second.filter { member in !first.contains { $0.key == member.key } })
        case ("required", .array(let first), .array(let second)):
            return .array(first + second.filter { !first.contains($0) })
        case ("enum", .array(let first), .array(let second)): return .array(first.filter(second.contains))
        case ("type", _, _): return try commonTypes(left, right, path)
        case ("additionalProperties", .bool(false), _), ("additionalProperties", _, .bool(true)): return left
        case ("additionalProperties", _, .bool(false)), ("additionalProperties", .bool(true), _): return right
        case ("title", _, _), ("description", _, _), ("default", _, _), ("examples", _, _), ("$comment", _, _),
            ("$defs", _, _), ("definitions", _, _), ("$id", _, _), ("$schema", _, _):
            return left
        case ("allOf", .array(let first), .array(let second)): return .array(first + second)
        case ("minLength", .number(let first), .number(let second)),
            ("minItems", .number(let first), .number(let second)):
            return .number((Int(first) ?? 0) > (Int(second) ?? 0) ? first : second)
        case ("maxLength", .number(let first), .number(let second)),
            ("maxItems", .number(let first), .number(let second)):
            return .number((Int(first) ?? .max) < (Int(second) ?? .max) ? first : second)
        default:
            throw GrammarError("\(path): two schemas say this differently, which is not supported: write them as one")
        }
    }

    private static func count(_ value: JSONValue) -> Int {
        switch value {
        case .array(let elements): elements.count
        case .object(let members): members.count
        default: 1
        }
    }

    private func commonTypes(
        _ left: JSONValue,
        _ right: JSONValue,
        _ path: String
    ) throws(GrammarError) -> JSONValue {
        func types(_ value: JSONValue) -> [JSONValue] {
            if case .array(let types) = value { return types }
            return [value]
        }
        let first = types(left), second = types(right)
        let both = first.compactMap { type -> JSONValue? in
            if second.contains(type) { return type }
            if type == "integer", second.contains("number") { return type }
            return type == "number" && second.contains("integer") ? "integer" : nil
        }
        guard !both.isEmpty else { throw GrammarError("\(path): these schemas have no type in common") }
        return .array(both)
    }

    /// What one schema lists is no property where the other one forbids all that it does not list itself.
    private func closeProperties(
        _ merged: inout [JSONValue.Member],
        _ left: [JSONValue.Member],
        _ right: [JSONValue.Member],
        _ path: String
    ) throws(GrammarError) {
        func value(_ members: [JSONValue.Member], _ key: String) -> JSONValue? {
            members.first { $0.key == key }?.value
        }
        func names(_ members: [JSONValue.Member]) -> [String] {
            guard case .object(let properties)? = value(members, "properties") else { return [] }
            return properties.map(\.key)
        }
        for (one, other) in [(left, right), (right, left)] {
            let additional = value(one, "additionalProperties")
            guard let additional, additional != .bool(true) else { continue }
            let own = Set(names(one))
            let foreign = Set(names(other)).subtracting(own)
            guard !foreign.isEmpty else { continue }
            guard additional == .bool(false) else {
                throw GrammarError("\(path)/additionalProperties: a schema here is not supported within allOf")
            }
            guard let place = merged.firstIndex(where: { $0.key == "properties" }),
                case .object(let properties) = merged[place].value
            else { continue }
            merged[place].value = .object(properties.filter { !foreign.contains($0.key) })
        }
    }
}
