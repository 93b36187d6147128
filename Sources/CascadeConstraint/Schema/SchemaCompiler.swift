import CascadeJSON

/// Makes a JSON Schema into rules.
///
/// Properties come in the schema's order, and optional ones may be left out. Where a schema lists properties (or, for
/// arrays, `prefixItems`) and says nothing of others, there are no others; where it says that there are, their keys are
/// none of those listed. A schema without `type` that has keywords of one type only is taken to be of that type.
struct SchemaCompiler {
    let root: JSONValue
    var rules = RuleSet()
    /// The rule of each schema that is referred to, by its pointer.
    private var references: [String: Int] = [:]
    private var open: [(rule: Int, schema: JSONValue, path: String)] = []
    private var anyValue: Int?
    private var nesting = 0
    private var schemas = 0
    private var merge = SchemaMerge()

    static func grammar(of text: String) throws(GrammarError) -> Grammar {
        guard text.utf8.count <= GrammarLimits.mostBytes else {
            throw GrammarError("the schema is longer than \(GrammarLimits.mostBytes) bytes: make it smaller")
        }
        let schema: JSONValue
        do throws(JSONParser.Problem) {
            schema = try JSONParser.parse(Array(text.utf8))
        } catch {
            throw GrammarError("the schema is not JSON, at byte \(error.offset): \(error.message)")
        }
        var compiler = SchemaCompiler(root: schema)
        let start = try compiler.reference("#", from: "#")
        while let next = compiler.open.popLast() {
            compiler.rules.define(next.rule, try compiler.expression(next.schema, next.path))
        }
        return try Grammar(compiler.rules, root: start)
    }

    private init(root: JSONValue) { self.root = root }

    /// The rule of what a pointer leads to.
    mutating func reference(_ pointer: String, from path: String) throws(GrammarError) -> Int {
        if let rule = references[pointer] { return rule }
        let schema = try SchemaPointer.resolve(pointer, in: root, from: path)
        let rule = try rules.add(pointer, .empty)
        references[pointer] = rule
        open.append((rule, schema, pointer))
        return rule
    }

    /// Any value of JSON.
    mutating func any() throws(GrammarError) -> Expression {
        if let anyValue { return .rule(anyValue) }
        let value = try JSONTerminals.value(in: &rules)
        anyValue = value
        return .rule(value)
    }

    /// The expression, as a rule of its own where so many copies of it would be large.
    mutating func shared(_ expression: Expression, times: Int, _ path: String) throws(GrammarError) -> Expression {
        if case .rule = expression { return expression }
        guard expression.size({ _ in 2 }) * times > 4096 else { return expression }
        return .rule(try rules.add("\(path) (repeated)", expression))
    }

    mutating func expression(_ schema: JSONValue, _ path: String) throws(GrammarError) -> Expression {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= GrammarLimits.mostNesting else {
            throw GrammarError(
                "\(path): more than \(GrammarLimits.mostNesting) schemas within each other: put some into $defs"
            )
        }
        schemas += 1
        guard schemas <= GrammarLimits.mostSchemas else {
            throw GrammarError(
                "\(path): its references make it more than \(GrammarLimits.mostSchemas) schemas: write it more simply"
            )
        }
        switch schema {
        case .bool(true): return try any()
        case .bool(false): throw GrammarError("\(path): the schema false allows nothing: leave it out")
        case .object(let members):
            return try expression(SchemaObject(members, path), path)
        default: throw GrammarError("\(path): a schema is an object or a boolean, not \(schema.kind)")
        }
    }

    private mutating func expression(_ schema: SchemaObject, _ path: String) throws(GrammarError) -> Expression {
        try schema.refuseUnsupported()
        if let pointer = try schema.string("$ref") {
            let rest = schema.without(["$ref"])
            guard rest.restricts else { return .rule(try reference(pointer, from: path)) }
            let target = try SchemaPointer.resolve(pointer, in: root, from: path)
            return try expression(try merge.merge(target, rest.value, path), path)
        }
        if let all = try schema.array("allOf") {
            var merged = schema.without(["allOf"]).value
            for (index, part) in all.enumerated() {
                let place = "\(path)/allOf/\(index)"
                let part = try SchemaPointer.dereferenced(part, in: root, from: place, merge: &merge)
                merged = try merge.merge(merged, part, path)
            }
            return try expression(merged, path)
        }
        for key in ["anyOf", "oneOf"] {
            guard let alternatives = try schema.array(key) else { continue }
            guard !alternatives.isEmpty else { throw GrammarError("\(path)/\(key): it has no alternatives") }
            let rest = schema.without([key])
            var choice: [Expression] = []
            for (index, alternative) in alternatives.enumerated() {
                let place = "\(path)/\(key)/\(index)"
                var alternative = alternative
                if rest.restricts {
                    alternative = try SchemaPointer.dereferenced(alternative, in: root, from: place, merge: &merge)
                    alternative = try merge.merge(rest.value, alternative, place)
                }
                choice.append(try expression(alternative, place))
            }
            return .choice(choice)
        }
        if schema["const"] != nil || schema["enum"] != nil { return try constants(schema) }
        let types = try schema.types()
        if types.isEmpty { return try any() }
        var choice: [Expression] = []
        for type in types { choice.append(try expression(of: type, schema)) }
        return choice.count == 1 ? choice[0] : .choice(choice)
    }

    private mutating func expression(of type: String, _ schema: SchemaObject) throws(GrammarError) -> Expression {
        switch type {
        case "object": return try object(schema)
        case "array": return try array(schema)
        case "string": return try string(schema)
        case "integer": return try NumberRange(schema).integers()
        case "number": return try NumberRange(schema).numbers()
        case "boolean": return JSONTerminals.boolean
        case "null": return JSONTerminals.null
        default: throw GrammarError("\(schema.path)/type: there is no type '\(type)' in JSON Schema")
        }
    }

    private func constants(_ schema: SchemaObject) throws(GrammarError) -> Expression {
        if let key = schema.without(["const", "enum", "type"]).restrictingKey {
            throw GrammarError("\(schema.path): '\(key)' is not supported beside const or enum: list what is left")
        }
        var values = try schema.array("enum") ?? []
        if let constant = schema["const"] {
            guard schema["enum"] == nil || values.contains(constant) else {
                throw GrammarError("\(schema.path)/const: the value is not among those of enum")
            }
            values = [constant]
        }
        if schema["type"] != nil {
            let types = try schema.types()
            values = values.filter { value in types.contains { SchemaObject.isValue(value, of: $0) } }
        }
        guard !values.isEmpty else { throw GrammarError("\(schema.path): no value of enum or const is of the type") }
        return .choice(values.map(Self.literal))
    }

    /// The text of the value, with the blanks that may occur.
    static func literal(_ value: JSONValue) -> Expression {
        func joined(_ parts: [Expression]) -> Expression {
            .sequence(parts.enumerated().map { $0 == 0 ? $1 : .sequence([JSONTerminals.comma, $1]) })
        }
        switch value {
        case .array(let elements): return .sequence([.literal("["), joined(elements.map(literal)), .literal("]")])
        case .object(let members):
            let parts = members.map { member in
                Expression.sequence([
                    .literal(JSONValue.string(member.key).utf8), JSONTerminals.colon, literal(member.value),
                ])
            }
            return .sequence([.literal("{"), joined(parts), .literal("}")])
        default: return .literal(value.utf8)
        }
    }
}
