internal import CascadeJSON

/// The tools that a chat offers to the model.
struct OfferedTools: Equatable, Sendable {
    /// Tools in one request, at most.
    static let most = 128

    /// The array as the request has it, for the model's template.
    var json: String
    /// What they are called.
    var names: Set<String>
    /// The schema that an answer has to be of where a tool has to be called; nil where the model may choose.
    var forcedSchema: String?
    /// Whether more than one call may be told.
    var allowsParallelCalls: Bool

    /// Reads `tools`, `tool_choice` and `parallel_tool_calls`; nil where the model is to be shown none.
    init?(_ fields: Field) throws(GatewayError) {
        let (tools, choice) = (fields["tools"], fields["tool_choice"])
        if choice.value == "none" { return nil }
        let list = try tools.array(most: Self.most) ?? []
        var names: Set<String> = []
        for tool in list {
            let name = try Self.name(of: tool)
            guard names.insert(name.value).inserted else {
                throw .parameter(name.path, "there are two tools '\(name.value)'")
            }
        }
        let allowsParallelCalls = try fields["parallel_tool_calls"].bool() ?? true
        switch choice.value {
        case .null, "auto": break
        case "required": forcedSchema = try ForcedCall.schema(of: list, at: choice.path)
        case .string(let word):
            throw .parameter(choice.path, "has to be 'auto', 'none', 'required' or a tool, not '\(word)'")
        default:
            guard try choice["type"].requiredString() == "function" else {
                throw .unsupported(choice["type"].path, "is not supported: only 'function' is")
            }
            let name = choice["function"]["name"]
            let named = list.filter { $0["function"]["name"].value == name.value }
            guard !named.isEmpty else {
                throw .parameter(name.path, "no such tool is offered: '\(try name.requiredString())'")
            }
            forcedSchema = try ForcedCall.schema(of: named, at: choice.path)
        }
        let strict = list.map { $0["function"]["strict"] }.first { $0.value == true }
        if forcedSchema == nil, let strict {
            throw .unsupported(strict.path, "is not supported with tool_choice 'auto': name the tool, or 'required'")
        }
        if list.isEmpty { return nil }
        (json, self.names, self.allowsParallelCalls) = (tools.value.text, names, allowsParallelCalls)
    }

    private static func name(of tool: Field) throws(GatewayError) -> (value: String, path: String) {
        _ = try tool.required().object()
        let type = try tool["type"].requiredString()
        guard type == "function" else {
            throw .unsupported(tool["type"].path, "'\(type)' is not supported: only 'function' is")
        }
        let function = try tool["function"].required()
        _ = try function.object()
        _ = try function["description"].string()
        _ = try function["parameters"].object()
        _ = try function["strict"].bool()
        let name = try function["name"].requiredString()
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
            default: false
            }
        }
        guard isName, 1...64 ~= name.utf8.count else {
            throw .parameter(function["name"].path, "has to be 1 to 64 letters, digits, '_' and '-'")
        }
        return (name, function["name"].path)
    }
}

/// A tool that has to be called: the answer is nothing but the call, by a schema.
private enum ForcedCall {
    /// Bytes of all parameters: those of a schema, at most.
    private static let mostBytes = 65_536
    /// What schemas refer to by their own root's name.
    private static let definitions = ["$defs", "definitions"]

    /// The schema of a call of one of the tools. Definitions of their parameters move to its root, where references
    /// look for them.
    static func schema(of tools: [Field], at path: String) throws(GatewayError) -> String {
        guard !tools.isEmpty else { throw .parameter(path, "needs tools") }
        var roots: [(name: String, members: [JSONValue.Member])] = definitions.map { ($0, []) }
        var calls: [JSONValue] = []
        var bytes = 0
        for tool in tools {
            let function = tool["function"]
            bytes += function["parameters"].value.utf8.count
            guard bytes <= mostBytes else {
                throw .parameter(function["parameters"].path, "has too many bytes where a call is demanded")
            }
            try checkReferences(function["parameters"])
            var parameters: [JSONValue.Member] = []
            if case .object(let members) = function["parameters"].value { parameters = members }
            for (index, root) in roots.enumerated() {
                guard case .object(let own)? = parameters.first(where: { $0.key == root.name })?.value else { continue }
                for member in own where !roots[index].members.contains(member) {
                    guard !roots[index].members.contains(where: { $0.key == member.key }) else {
                        throw .parameter(function["parameters"].path, "two tools define '\(member.key)' differently")
                    }
                    roots[index].members.append(member)
                }
            }
            parameters.removeAll { definitions.contains($0.key) }
            if parameters.isEmpty { parameters = [.init(key: "type", value: "object")] }
            calls.append([
                "type": "object",
                "properties": ["name": ["const": function["name"].value], "arguments": .object(parameters)],
                "required": ["name", "arguments"], "additionalProperties": false,
            ])
        }
        var members: [JSONValue.Member] = []
        if calls.count == 1, case .object(let only) = calls[0] {
            members = only
        } else {
            members = [.init(key: "anyOf", value: .array(calls))]
        }
        for root in roots where !root.members.isEmpty {
            members.append(.init(key: root.name, value: .object(root.members)))
        }
        return JSONValue.object(members).text
    }

    /// Definitions alone keep their place: a reference to anything else would mean another thing in the call's schema.
    private static func checkReferences(_ parameters: Field) throws(GatewayError) {
        var open = [parameters.value]
        while let value = open.popLast() {
            switch value {
            case .array(let elements): open += elements
            case .object(let members):
                open += members.map(\.value)
                for case .string(let pointer) in members.lazy.filter({ $0.key == "$ref" }).map(\.value)
                where !definitions.contains(where: { pointer.hasPrefix("#/\($0)/") }) {
                    throw .unsupported(
                        parameters.path,
                        "refers to '\(pointer.prefix(64))': where a call is demanded, refer to $defs alone"
                    )
                }
            default: break
            }
        }
    }
}
