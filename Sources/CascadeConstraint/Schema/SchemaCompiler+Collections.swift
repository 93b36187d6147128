import CascadeJSON

extension SchemaCompiler {
    mutating func object(_ schema: SchemaObject) throws(GrammarError) -> Expression {
        let path = schema.path
        guard case .object(let properties) = schema["properties"] ?? .object([]) else {
            throw GrammarError("\(path)/properties: expected an object")
        }
        var required: [String] = []
        for name in try schema.array("required") ?? [] {
            guard case .string(let name) = name else { throw GrammarError("\(path)/required: expected names") }
            required.append(name)
        }
        let names = Set(properties.map(\.key)), requiredNames = Set(required)
        let others = schema["additionalProperties"]
        var listed: [(value: Expression, isRequired: Bool)] = []
        for property in properties {
            let isRequired = requiredNames.contains(property.key)
            // What is forbidden is left out; where it is required, reading it says so.
            if property.value == .bool(false), !isRequired { continue }
            let place = "\(path)/properties/\(property.key)"
            listed.append((member(property.key, try expression(property.value, place)), isRequired))
        }
        var seen = names
        for name in required where seen.insert(name).inserted {
            guard others != .bool(false) else {
                throw GrammarError("\(path)/required: '\(name)' is required and not allowed: add it to properties")
            }
            let value = try expression(others ?? .bool(true), "\(path)/additionalProperties")
            listed.append((member(name, value), true))
        }
        var rest: Expression?
        if let others = others ?? (properties.isEmpty && required.isEmpty ? .bool(true) : nil), others != .bool(false) {
            let value = try expression(others, "\(path)/additionalProperties")
            let key = try KeysExcept(seen, path).expression()
            rest = .sequence([key, JSONTerminals.colon, value])
        }
        return JSONTerminals.members(.init(members: listed, others: rest, separator: JSONTerminals.comma))
    }

    private func member(_ name: String, _ value: Expression) -> Expression {
        .sequence([.literal(JSONValue.string(name).utf8), JSONTerminals.colon, value])
    }

    mutating func array(_ schema: SchemaObject) throws(GrammarError) -> Expression {
        let path = schema.path
        var (least, most) = try schema.counts("minItems", "maxItems")
        let prefix = try schema.array("prefixItems") ?? []
        guard prefix.count <= GrammarLimits.mostPrefixItems else {
            throw GrammarError("\(path)/prefixItems: more than \(GrammarLimits.mostPrefixItems): use items")
        }
        var items = schema["items"] ?? .bool(prefix.isEmpty)
        if items == .bool(false) {
            guard least <= prefix.count else {
                throw GrammarError("\(path)/minItems: more than prefixItems has: add items")
            }
            most = min(most ?? prefix.count, prefix.count)
        }
        if let most, most <= prefix.count { items = .bool(false) }
        var tail = Expression.empty
        if items != .bool(false) {
            least -= prefix.count
            tail = try repeated(items, max(0, least), most.map { $0 - prefix.count }, isFirst: prefix.isEmpty, path)
            least += prefix.count
        }
        for (index, item) in prefix.enumerated().prefix(most ?? .max).reversed() {
            let separator = index == 0 ? [] : [JSONTerminals.comma]
            tail = .sequence(separator + [try expression(item, "\(path)/prefixItems/\(index)"), tail])
            if index >= least { tail = .optional(tail) }
        }
        return .sequence([.literal("["), tail, .literal("]")])
    }

    /// So many items with commas between, and one before them unless they are the first.
    private mutating func repeated(
        _ items: JSONValue,
        _ least: Int,
        _ most: Int?,
        isFirst: Bool,
        _ path: String
    ) throws(GrammarError) -> Expression {
        let item = try shared(try expression(items, "\(path)/items"), times: most ?? least + 1, "\(path)/items")
        let next = Expression.sequence([JSONTerminals.comma, item])
        guard isFirst else { return .repeated(next, least: least, most: most) }
        let rest = Expression.repeated(next, least: max(0, least - 1), most: most.map { $0 - 1 })
        let all = Expression.sequence([item, rest])
        return least == 0 ? .optional(all) : all
    }

    mutating func string(_ schema: SchemaObject) throws(GrammarError) -> Expression {
        let path = schema.path
        let (least, most) = try schema.counts("minLength", "maxLength")
        var pattern = try schema.string("pattern")
        if let format = try schema.string("format"), let meant = PatternParser.formats[format] {
            guard pattern == nil else {
                throw GrammarError("\(path): 'pattern' is not supported beside this format: leave one of them out")
            }
            pattern = meant
        }
        guard let pattern else {
            let character = try shared(JSONTerminals.character, times: most ?? least + 1, "\(path) (character)")
            return JSONTerminals.quoted(.repeated(character, least: least, most: most))
        }
        guard least == 0, most == nil else {
            throw GrammarError("\(path): lengths are not supported beside pattern or format: say them in the pattern")
        }
        do throws(GrammarError) {
            return JSONTerminals.quoted(try PatternParser.parse(pattern))
        } catch {
            throw GrammarError("\(path)/pattern: \(error.message)")
        }
    }
}
