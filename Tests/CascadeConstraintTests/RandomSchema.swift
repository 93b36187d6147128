import CascadeJSON

/// Schemas and documents drawn at random; every document is valid under its schema and in the schema's order.
struct RandomSchema {
    private var generator: SeededGenerator
    private(set) var schema: JSONValue = .null
    private static let names = ["a", "b", "ab", "name", "é\"x", "tags", "id", "n\n"]

    init(seed: UInt64) {
        generator = SeededGenerator(seed)
        var members: [JSONValue.Member] = [
            .init(
                key: "$defs",
                value: [
                    "leaf": node(1),
                    "tree": [
                        "type": "object", "properties": ["value": node(0), "next": ["$ref": "#/$defs/tree"]],
                        "required": ["value"], "additionalProperties": false,
                    ],
                ]
            )
        ]
        if case .object(let top) = node(3) { members += top }
        schema = .object(members)
    }

    private mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    private mutating func node(_ depth: Int) -> JSONValue {
        switch int(0...(depth > 0 ? 12 : 6)) {
        case 0: return ["type": "string"]
        case 1:
            let least = int(0...3)
            return ["type": "string", "minLength": .integer(least), "maxLength": .integer(least + int(0...6))]
        case 2, 3: return number()
        case 4: return ["enum": ["x", .number("1"), .null, ["k": [.number("1"), "é"]], "yes \"no\""]]
        case 5: return ["type": ["boolean", "null"]]
        case 6: return ["const": "fixed"]
        case 7, 8, 9: return object(depth)
        case 10: return array(depth)
        case 11: return ["anyOf": .array((0...int(0...2)).map { _ in node(depth - 1) })]
        default: return ["$ref": "#/$defs/tree"]
        }
    }

    private mutating func number() -> JSONValue {
        var members = [JSONValue.Member(key: "type", value: int(0...2) == 0 ? "number" : "integer")]
        let low = int(-1200...1200), high = low + int(2...3000)
        if int(0...2) > 0 {
            members.append(.init(key: int(0...1) == 0 ? "minimum" : "exclusiveMinimum", value: .integer(low)))
        }
        if int(0...2) > 0 {
            members.append(.init(key: int(0...1) == 0 ? "maximum" : "exclusiveMaximum", value: .integer(high)))
        }
        return .object(members)
    }

    private mutating func object(_ depth: Int) -> JSONValue {
        var properties: [JSONValue.Member] = []
        var required: [JSONValue] = []
        for name in Self.names.shuffled(using: &generator).prefix(int(0...4)) {
            properties.append(.init(key: name, value: node(depth - 1)))
            if int(0...1) == 0 { required.append(.string(name)) }
        }
        let others: JSONValue = int(0...2) == 0 ? ["type": "integer"] : .bool(int(0...1) == 0)
        return [
            "type": "object", "properties": .object(properties), "required": .array(required),
            "additionalProperties": others,
        ]
    }

    private mutating func array(_ depth: Int) -> JSONValue {
        let least = int(0...2)
        var members: [JSONValue.Member] = [
            .init(key: "type", value: "array"), .init(key: "items", value: node(depth - 1)),
            .init(key: "minItems", value: .integer(least)), .init(key: "maxItems", value: .integer(least + int(0...3))),
        ]
        if int(0...2) == 0 {
            members.append(.init(key: "prefixItems", value: .array((0...int(0...2)).map { _ in node(depth - 1) })))
        }
        return .object(members)
    }
}
