internal import CCascadeProto
internal import CascadeCore

// The messages of client.proto about one job.

extension PromptFormat: WireEnum {}
extension FinishReason: WireEnum {}
extension JobState: WireEnum {}

extension DrafterKind: WireEnum {
    var number: UInt32 {
        switch self {
        case .model: 1
        case .lookup: 2
        case .both: 3
        }
    }
}

extension Priority: WireEnum {
    var number: UInt32 {
        switch self {
        case .low: 1
        case .normal: 2
        case .high: 3
        }
    }
}

extension Origin: WireEnum {
    var number: UInt32 { UInt32(rawValue) }
}

extension Submit: WireConvertible {
    init(decoding proto: Cascade__V1__Submit, from reader: FieldReader) throws(WireError) {
        let limits = reader.limits
        let stops = try reader.list(proto.n_stop, proto.stop, "stop", limit: limits.stopStrings)
        var stop: [[UInt8]] = []
        for bytes in stops { stop.append(try reader.bytes(bytes, "stop", limit: limits.stopStringBytes)) }
        let conversation = try reader.conversation(of: proto)
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            submitKey: try reader.message(proto.submit_key, "submit_key"),
            pool: try reader.name(proto.has_pool, proto.pool, "pool"),
            prompt: conversation != nil && proto.has_prompt == 0
                ? [] : try reader.bytes(proto.has_prompt, proto.prompt, "prompt", limit: limits.textBytes),
            format: try reader.enumeration(proto.has_format, proto.format, "format"),
            system: proto.has_system == 0 ? nil : try reader.bytes(proto.system, "system", limit: limits.textBytes),
            conversation: conversation,
            parsesSpecial: proto.has_parse_special != 0 && proto.parse_special != 0,
            localSeconds: proto.has_local_seconds == 0
                ? nil
                : try reader.number(
                    proto.has_local_seconds,
                    proto.local_seconds,
                    "local_seconds",
                    in: 0...WireLimits.localSeconds
                ),
            sampling: try reader.message(proto.sampling, "sampling"),
            rule: try reader.message(proto.rule, "rule"),
            usesDefaultRule: proto.has_default_rule != 0 && proto.default_rule != 0,
            maxTokens: try reader.count(proto.has_max_tokens, proto.max_tokens, "max_tokens"),
            stop: stop,
            seed: proto.has_seed == 0 ? nil : proto.seed,
            sample: proto.has_sample == 0 ? 0 : try reader.count(1, proto.sample, "sample"),
            draftLength: proto.has_adaptive != 0 && proto.adaptive != 0
                ? .adaptive
                : try reader.draftLength(proto.has_num_speculative_tokens, proto.num_speculative_tokens),
            drafterKind: try reader.drafterKind(proto.has_drafter_kind, proto.drafter_kind),
            draftMinimumConfidence: try reader.number(
                proto.has_draft_minimum_confidence,
                proto.draft_minimum_confidence,
                "draft_minimum_confidence",
                in: 0...1
            ),
            follow: try reader.flag(proto.has_follow, proto.follow, "follow"),
            priority: proto.has_priority == 0 ? .normal : try reader.enumeration(proto.priority, "priority"),
            deadlineMilliseconds: proto.has_deadline_milliseconds == 0
                ? nil
                : try reader.count(
                    proto.has_deadline_milliseconds,
                    proto.deadline_milliseconds,
                    "deadline_milliseconds"
                ),
            logprobs: proto.has_logprobs == 0 ? nil : try reader.count(1, proto.logprobs, "logprobs"),
            constraint: try reader.optionalMessage(proto.constraint, "constraint"),
            onBehalfOf: try reader.nameIfAny(proto.has_on_behalf_of, proto.on_behalf_of, "on_behalf_of")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Submit {
        var proto = Cascade__V1__Submit()
        cascade__v1__submit__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        proto.submit_key = writer.message(submitKey)
        put(&proto.has_pool, &proto.pool, writer.text(pool))
        // Who does not know of conversations misses the prompt, and does not answer an empty one.
        if conversation == nil || !prompt.isEmpty { put(&proto.has_prompt, &proto.prompt, writer.bytes(prompt)) }
        put(&proto.has_format, &proto.format, format)
        if let system { put(&proto.has_system, &proto.system, writer.bytes(system)) }
        if let conversation { writer.put(conversation, into: &proto) }
        if parsesSpecial { put(&proto.has_parse_special, &proto.parse_special, true) }
        put(&proto.has_local_seconds, &proto.local_seconds, localSeconds)
        proto.sampling = writer.message(sampling)
        proto.rule = writer.message(rule)
        put(&proto.has_max_tokens, &proto.max_tokens, maxTokens)
        var stops: [ProtobufCBinaryData] = []
        for bytes in stop { stops.append(writer.bytes(bytes)) }
        (proto.n_stop, proto.stop) = writer.array(stops)
        put(&proto.has_seed, &proto.seed, seed)
        if sample > 0 { put(&proto.has_sample, &proto.sample, sample) }
        put(&proto.has_num_speculative_tokens, &proto.num_speculative_tokens, draftLength?.count)
        if draftLength == .adaptive { put(&proto.has_adaptive, &proto.adaptive, true) }
        put(&proto.has_drafter_kind, &proto.drafter_kind, drafterKind)
        put(&proto.has_draft_minimum_confidence, &proto.draft_minimum_confidence, draftMinimumConfidence)
        put(&proto.has_follow, &proto.follow, follow)
        if usesDefaultRule { put(&proto.has_default_rule, &proto.default_rule, true) }
        if priority != .normal { put(&proto.has_priority, &proto.priority, priority) }
        put(&proto.has_deadline_milliseconds, &proto.deadline_milliseconds, deadlineMilliseconds)
        put(&proto.has_logprobs, &proto.logprobs, logprobs)
        if let constraint { proto.constraint = writer.message(constraint) }
        put(&proto.has_on_behalf_of, &proto.on_behalf_of, onBehalfOf.map(writer.text))
        return proto
    }
}

extension FieldReader {
    /// Where each of `count` tokens came from.
    func origins(
        _ count: Int,
        _ values: UnsafeMutablePointer<Cascade__V1__Origin>?,
        matching expected: Int
    ) throws(WireError) -> [Origin] {
        let protos = try list(count, values, "origins", matching: expected)
        var origins: [Origin] = []
        origins.reserveCapacity(protos.count)
        for proto in protos { origins.append(try enumeration(proto, "origins")) }
        return origins
    }
}

extension FieldWriter {
    /// Where tokens came from.
    func origins(_ origins: [Origin]) -> (Int, UnsafeMutablePointer<Cascade__V1__Origin>?) {
        array(origins.map { Cascade__V1__Origin(rawValue: $0.number) })
    }
}

extension DraftLength {
    /// Tokens per round, where that is fixed.
    var count: UInt32? {
        if case .fixed(let count) = self { count } else { nil }
    }
}

extension FieldReader {
    /// Tokens drafted per round, where the message names a number.
    func draftLength(_ has: protobuf_c_boolean, _ value: UInt32) throws(WireError) -> DraftLength? {
        has == 0 ? nil : .fixed(try number(has, value, "num_speculative_tokens", in: 0...limits.positions))
    }

    /// What may draft: both where the message does not say.
    func drafterKind(
        _ has: protobuf_c_boolean,
        _ value: some RawRepresentable<UInt32>
    ) throws(WireError) -> DrafterKind {
        has == 0 ? .both : try enumeration(value, "drafter_kind")
    }
}

extension Accepted: WireConvertible {
    init(decoding proto: Cascade__V1__Accepted, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            job: JobID(rawValue: try reader.value(proto.has_job, proto.job, "job")),
            seed: try reader.value(proto.has_seed, proto.seed, "seed"),
            draftLength: try reader.draftLength(proto.has_num_speculative_tokens, proto.num_speculative_tokens)
                ?? .adaptive
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Accepted {
        var proto = Cascade__V1__Accepted()
        cascade__v1__accepted__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_job, &proto.job, job.rawValue)
        put(&proto.has_seed, &proto.seed, seed)
        put(&proto.has_num_speculative_tokens, &proto.num_speculative_tokens, draftLength.count)
        return proto
    }
}

extension Watch: WireConvertible {
    init(decoding proto: Cascade__V1__Watch, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            job: JobID(rawValue: try reader.value(proto.has_job, proto.job, "job")),
            tokenOffset: try reader.count(proto.has_token_offset, proto.token_offset, "token_offset"),
            byteOffset: try reader.count(proto.has_byte_offset, proto.byte_offset, "byte_offset")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Watch {
        var proto = Cascade__V1__Watch()
        cascade__v1__watch__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_job, &proto.job, job.rawValue)
        put(&proto.has_token_offset, &proto.token_offset, tokenOffset)
        put(&proto.has_byte_offset, &proto.byte_offset, byteOffset)
        return proto
    }
}

extension Delta: WireConvertible {
    init(decoding proto: Cascade__V1__Delta, from reader: FieldReader) throws(WireError) {
        let tokens = try reader.tokens(proto.n_tokens, proto.tokens, "tokens")
        let explanations: [Explanation] = try reader.messages(
            proto.n_explanations,
            proto.explanations,
            "explanations",
            noneOr: tokens.count
        )
        self.init(
            job: JobID(rawValue: try reader.value(proto.has_job, proto.job, "job")),
            state: try reader.enumeration(proto.has_state, proto.state, "state"),
            note: try reader.note(proto.has_note, proto.note, "note"),
            tokenOffset: try reader.count(proto.has_token_offset, proto.token_offset, "token_offset"),
            byteOffset: try reader.count(proto.has_byte_offset, proto.byte_offset, "byte_offset"),
            tokens: tokens,
            origins: try reader.origins(proto.n_origins, proto.origins, matching: tokens.count),
            text: try reader.bytes(proto.has_text, proto.text, "text", limit: reader.limits.textBytes),
            explanations: explanations,
            prompt: try reader.optionalMessage(proto.prompt, "prompt")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Delta {
        var proto = Cascade__V1__Delta()
        cascade__v1__delta__init(&proto)
        put(&proto.has_job, &proto.job, job.rawValue)
        put(&proto.has_state, &proto.state, state)
        put(&proto.has_note, &proto.note, writer.text(note))
        put(&proto.has_token_offset, &proto.token_offset, tokenOffset)
        put(&proto.has_byte_offset, &proto.byte_offset, byteOffset)
        (proto.n_tokens, proto.tokens) = writer.array(tokens)
        (proto.n_origins, proto.origins) = writer.origins(origins)
        put(&proto.has_text, &proto.text, writer.bytes(text))
        (proto.n_explanations, proto.explanations) = writer.messages(explanations)
        if let prompt { proto.prompt = writer.message(prompt) }
        return proto
    }
}
