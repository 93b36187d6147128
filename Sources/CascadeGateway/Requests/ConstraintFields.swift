import CascadeJSON

/// What a request says of the form of its answer: OpenAI's `response_format` and vLLM's `structured_outputs`,
/// `guided_json` and `guided_grammar`. Whether a schema or a grammar is sound, and what of it is supported, the backend
/// says.
extension CompletionRequest {
    /// The keys of `structured_outputs` that are served.
    private static let served = ["json", "grammar", "json_object"]

    /// Reads it. Two that say something are refused: they would have to agree.
    mutating func readConstraint(_ fields: Field) throws(GatewayError) {
        var given: [(path: String, constraint: Constraint)] = []
        func add(_ field: Field, _ constraint: Constraint?) {
            if let constraint { given.append((field.path, constraint)) }
        }
        add(fields["response_format"], try Self.format(fields["response_format"]))
        add(fields["guided_json"], try Self.schema(fields["guided_json"]))
        add(fields["guided_grammar"], try Self.grammar(fields["guided_grammar"]))
        let outputs = fields["structured_outputs"]
        for (key, field) in try outputs.object() ?? [] where field.isPresent && !Self.served.contains(key) {
            throw .unsupported(field.path, "is not supported: json, grammar and json_object are")
        }
        add(outputs["json"], try Self.schema(outputs["json"]))
        add(outputs["grammar"], try Self.grammar(outputs["grammar"]))
        add(outputs["json_object"], try outputs["json_object"].bool() == true ? .jsonObject : nil)
        if given.count > 1 { throw .parameter(given[1].path, "excludes \(given[0].path): send one of them") }
        constraint = given.first?.constraint
        constraintPath = given.first?.path ?? ""
    }

    private static func format(_ format: Field) throws(GatewayError) -> Constraint? {
        guard format.isPresent else { return nil }
        _ = try format.object()
        let type = format["type"]
        switch try type.requiredString() {
        case "text": return nil
        case "json_object": return .jsonObject
        case "json_schema":
            let schema = try format["json_schema"].required()
            _ = try schema.object()
            return try self.schema(schema["schema"].required())
        case let other:
            throw .unsupported(type.path, "'\(other)' is not supported: 'text', 'json_object' and 'json_schema' are")
        }
    }

    /// A schema, as it is or as the text of one.
    private static func schema(_ field: Field) throws(GatewayError) -> Constraint? {
        switch field.value {
        case .null: return nil
        case .string(let text): return .jsonSchema(text)
        case .bool, .object: return .jsonSchema(field.value.text)
        case .number, .array:
            throw .parameter(field.path, "has to be a JSON schema, not \(field.value.kind)", code: "invalid_type")
        }
    }

    private static func grammar(_ field: Field) throws(GatewayError) -> Constraint? {
        try field.string().map { .grammar($0) }
    }
}
