internal import CCascadeProto
internal import CascadeCore

// The part of client.proto about conversations.

extension ConversationMessage.Role: WireEnum {
    var number: UInt32 {
        switch self {
        case .system: 1
        case .developer: 2
        case .user: 3
        case .assistant: 4
        case .tool: 5
        }
    }
}

extension ConversationMessage.ToolCall: WireConvertible {
    init(decoding proto: Cascade__V1__ToolCall, from reader: FieldReader) throws(WireError) {
        let limits = reader.limits
        self.init(
            id: try reader.optionalBytes(proto.has_id, proto.id, "id", limit: limits.noteBytes),
            name: try reader.bytes(proto.has_name, proto.name, "name", limit: limits.noteBytes),
            arguments: try reader.bytes(proto.has_arguments, proto.arguments, "arguments", limit: limits.textBytes)
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__ToolCall {
        var proto = Cascade__V1__ToolCall()
        cascade__v1__tool_call__init(&proto)
        if let id { put(&proto.has_id, &proto.id, writer.bytes(id)) }
        put(&proto.has_name, &proto.name, writer.bytes(name))
        put(&proto.has_arguments, &proto.arguments, writer.bytes(arguments))
        return proto
    }
}

extension ConversationMessage: WireConvertible {
    init(decoding proto: Cascade__V1__ConversationMessage, from reader: FieldReader) throws(WireError) {
        let limits = reader.limits
        let parts = try reader.list(proto.n_content, proto.content, "content", limit: limits.listEntries)
        var content: [[UInt8]] = []
        for part in parts { content.append(try reader.bytes(part, "content", limit: limits.textBytes)) }
        self.init(
            role: try reader.enumeration(proto.has_role, proto.role, "role"),
            content: content,
            toolCalls: try reader.messages(proto.n_tool_calls, proto.tool_calls, "tool_calls"),
            toolCallID: try reader.optionalBytes(
                proto.has_tool_call_id,
                proto.tool_call_id,
                "tool_call_id",
                limit: limits.noteBytes
            ),
            name: try reader.optionalBytes(proto.has_name, proto.name, "name", limit: limits.noteBytes),
            reasoning: try reader.optionalBytes(
                proto.has_reasoning,
                proto.reasoning,
                "reasoning",
                limit: limits.textBytes
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__ConversationMessage {
        var proto = Cascade__V1__ConversationMessage()
        cascade__v1__conversation_message__init(&proto)
        put(&proto.has_role, &proto.role, role)
        var parts: [ProtobufCBinaryData] = []
        for part in content { parts.append(writer.bytes(part)) }
        (proto.n_content, proto.content) = writer.array(parts)
        (proto.n_tool_calls, proto.tool_calls) = writer.messages(toolCalls)
        if let toolCallID { put(&proto.has_tool_call_id, &proto.tool_call_id, writer.bytes(toolCallID)) }
        if let name { put(&proto.has_name, &proto.name, writer.bytes(name)) }
        if let reasoning { put(&proto.has_reasoning, &proto.reasoning, writer.bytes(reasoning)) }
        return proto
    }
}

extension FieldReader {
    /// The conversation of a submission: there is one where any field of it is there, with no messages if need be, for
    /// the coordinator to answer in words.
    func conversation(of proto: Cascade__V1__Submit) throws(WireError) -> Conversation? {
        guard
            proto.n_messages > 0 || proto.has_tools != 0 || proto.has_template_arguments != 0
                || proto.has_add_generation_prompt != 0
        else { return nil }
        return Conversation(
            messages: try messages(proto.n_messages, proto.messages, "messages"),
            tools: try optionalBytes(proto.has_tools, proto.tools, "tools", limit: limits.textBytes),
            templateArguments: try optionalBytes(
                proto.has_template_arguments,
                proto.template_arguments,
                "template_arguments",
                limit: limits.textBytes
            ),
            addsGenerationPrompt: proto.has_add_generation_prompt == 0 || proto.add_generation_prompt != 0
        )
    }

    /// At most `limit` bytes that need not be there.
    func optionalBytes(
        _ has: protobuf_c_boolean,
        _ value: ProtobufCBinaryData,
        _ field: String,
        limit: Int
    ) throws(WireError) -> [UInt8]? {
        has == 0 ? nil : try bytes(value, field, limit: limit)
    }
}

extension FieldWriter {
    /// Writes a conversation into the fields that a submission has for it.
    mutating func put(_ conversation: Conversation, into proto: inout Cascade__V1__Submit) {
        (proto.n_messages, proto.messages) = messages(conversation.messages)
        if let tools = conversation.tools { CascadeWire.put(&proto.has_tools, &proto.tools, bytes(tools)) }
        if let arguments = conversation.templateArguments {
            CascadeWire.put(&proto.has_template_arguments, &proto.template_arguments, bytes(arguments))
        }
        // One that has nothing else is told by this.
        if !conversation.addsGenerationPrompt || conversation.messages.isEmpty {
            let adds = conversation.addsGenerationPrompt
            CascadeWire.put(&proto.has_add_generation_prompt, &proto.add_generation_prompt, adds)
        }
    }
}
