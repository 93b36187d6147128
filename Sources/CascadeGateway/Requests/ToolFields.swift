/// The tools that a chat offers to the model.
struct OfferedTools: Equatable, Sendable {
    /// Tools in one request, at most.
    static let most = 128

    /// The array as the request has it, for the model's template.
    var json: String
    /// What they are called.
    var names: Set<String>
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
        case "required":
            throw .unsupported(choice.path, "'required' is not supported yet: only 'auto' and 'none' are")
        case .string(let word):
            throw .parameter(choice.path, "has to be 'auto', 'none', 'required' or a tool, not '\(word)'")
        default:
            throw .unsupported(choice.path, "a tool that has to be called is not supported yet: use 'auto'")
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
        if try function["strict"].bool() == true {
            throw .unsupported(function["strict"].path, "is not supported yet: arguments are the model's own")
        }
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
