internal import CCascadeProto
internal import CascadeCore

// The messages of join.proto.

extension Hello: WireConvertible {
    init(decoding proto: Cascade__V1__Hello, from reader: FieldReader) throws(WireError) {
        self.init(
            identity: try reader.message(proto.identity, "identity"),
            role: try reader.enumeration(proto.has_role, proto.role, "role"),
            pool: try reader.name(proto.has_pool, proto.pool, "pool"),
            software: try reader.name(proto.has_software, proto.software, "software"),
            modelName: try reader.name(proto.has_model_name, proto.model_name, "model_name"),
            modelFingerprint: try reader.message(proto.model_fingerprint, "model_fingerprint"),
            vocabularyHash: try reader.message(proto.vocabulary_hash, "vocabulary_hash"),
            vocabularyCount: try reader.count(proto.has_vocabulary_count, proto.vocabulary_count, "vocabulary_count"),
            numericsID: try reader.name(proto.has_numerics_id, proto.numerics_id, "numerics_id"),
            contextLength: try reader.count(proto.has_context_length, proto.context_length, "context_length"),
            kvTokens: try reader.count(proto.has_kv_tokens, proto.kv_tokens, "kv_tokens"),
            pageTokens: proto.has_page_tokens == 0
                ? Hello.usualPageTokens : try reader.count(1, proto.page_tokens, "page_tokens"),
            host: proto.has_host == 0 ? "" : try reader.name(1, proto.host, "host"),
            isSynthetic: proto.has_is_synthetic != 0 && proto.is_synthetic != 0,
            samplingVersion: proto.has_sampling_version == 0
                ? 0 : try reader.count(1, proto.sampling_version, "sampling_version")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Hello {
        var proto = Cascade__V1__Hello()
        cascade__v1__hello__init(&proto)
        proto.identity = writer.message(identity)
        put(&proto.has_role, &proto.role, role)
        put(&proto.has_pool, &proto.pool, writer.text(pool))
        put(&proto.has_software, &proto.software, writer.text(software))
        put(&proto.has_model_name, &proto.model_name, writer.text(modelName))
        proto.model_fingerprint = writer.message(modelFingerprint)
        proto.vocabulary_hash = writer.message(vocabularyHash)
        put(&proto.has_vocabulary_count, &proto.vocabulary_count, vocabularyCount)
        put(&proto.has_numerics_id, &proto.numerics_id, writer.text(numericsID))
        put(&proto.has_context_length, &proto.context_length, contextLength)
        put(&proto.has_kv_tokens, &proto.kv_tokens, kvTokens)
        if pageTokens != Hello.usualPageTokens { put(&proto.has_page_tokens, &proto.page_tokens, pageTokens) }
        if !host.isEmpty { put(&proto.has_host, &proto.host, writer.text(host)) }
        if isSynthetic { put(&proto.has_is_synthetic, &proto.is_synthetic, true) }
        if samplingVersion != 0 { put(&proto.has_sampling_version, &proto.sampling_version, samplingVersion) }
        return proto
    }
}

extension Welcome: WireConvertible {
    init(decoding proto: Cascade__V1__Welcome, from reader: FieldReader) throws(WireError) {
        self.init(
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            // Timers are made of it: neither without pause nor so long that a multiple of it overflows.
            heartbeatMilliseconds: try reader.number(
                proto.has_heartbeat_milliseconds,
                proto.heartbeat_milliseconds,
                "heartbeat_milliseconds",
                in: 1...3_600_000
            ),
            wantsTokenizer: try reader.flag(proto.has_wants_tokenizer, proto.wants_tokenizer, "wants_tokenizer")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Welcome {
        var proto = Cascade__V1__Welcome()
        cascade__v1__welcome__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        put(&proto.has_heartbeat_milliseconds, &proto.heartbeat_milliseconds, heartbeatMilliseconds)
        put(&proto.has_wants_tokenizer, &proto.wants_tokenizer, wantsTokenizer)
        return proto
    }
}

extension Refused: WireConvertible {
    init(decoding proto: Cascade__V1__Refused, from reader: FieldReader) throws(WireError) {
        self.init(
            code: try reader.enumeration(proto.has_code, proto.code, "code"),
            message: try reader.note(proto.has_message, proto.message, "message"),
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            retryAfterMilliseconds: try reader.count(
                proto.has_retry_after_milliseconds,
                proto.retry_after_milliseconds,
                "retry_after_milliseconds"
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Refused {
        var proto = Cascade__V1__Refused()
        cascade__v1__refused__init(&proto)
        put(&proto.has_code, &proto.code, code)
        put(&proto.has_message, &proto.message, writer.text(message))
        put(&proto.has_request_id, &proto.request_id, requestID)
        put(&proto.has_retry_after_milliseconds, &proto.retry_after_milliseconds, retryAfterMilliseconds)
        return proto
    }
}

extension TokenizerChunk: WireConvertible {
    init(decoding proto: Cascade__V1__TokenizerChunk, from reader: FieldReader) throws(WireError) {
        let total = try reader.number(
            proto.has_total_bytes,
            proto.total_bytes,
            "total_bytes",
            in: 0...reader.limits.tokenizerBytes
        )
        let offset = try reader.number(proto.has_offset, proto.offset, "offset", in: 0...total)
        let bytes = try reader.rawFrame(bytes: reader.frames.first?.count ?? 0)
        guard bytes.count <= Int(total - offset) else {
            throw reader.invalid(
                "total_bytes",
                expected: "at least offset \(offset) and the chunk's \(bytes.count) bytes",
                actual: total
            )
        }
        self.init(
            vocabularyHash: try reader.message(proto.vocabulary_hash, "vocabulary_hash"),
            totalBytes: total,
            offset: offset,
            bytes: bytes
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__TokenizerChunk {
        var proto = Cascade__V1__TokenizerChunk()
        cascade__v1__tokenizer_chunk__init(&proto)
        proto.vocabulary_hash = writer.message(vocabularyHash)
        put(&proto.has_total_bytes, &proto.total_bytes, totalBytes)
        put(&proto.has_offset, &proto.offset, offset)
        if !bytes.isEmpty { writer.frames.append(bytes) }
        return proto
    }
}

extension Ready: WireConvertible {
    init(decoding proto: Cascade__V1__Ready, from reader: FieldReader) throws(WireError) {
        let costs: CostCurve = try reader.message(proto.costs, "costs")
        self.init(
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            costs: costs.points,
            credits: try reader.count(proto.has_credits, proto.credits, "credits")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Ready {
        var proto = Cascade__V1__Ready()
        cascade__v1__ready__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        proto.costs = writer.message(CostCurve(points: costs))
        put(&proto.has_credits, &proto.credits, credits)
        return proto
    }
}

extension Ping: WireConvertible {
    init(decoding proto: Cascade__V1__Ping, from reader: FieldReader) throws(WireError) {
        self.init(
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            number: try reader.value(proto.has_number, proto.number, "number")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Ping {
        var proto = Cascade__V1__Ping()
        cascade__v1__ping__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        put(&proto.has_number, &proto.number, number)
        return proto
    }
}

extension Pong: WireConvertible {
    init(decoding proto: Cascade__V1__Pong, from reader: FieldReader) throws(WireError) {
        self.init(
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            number: try reader.value(proto.has_number, proto.number, "number"),
            progress: try reader.message(proto.progress, "progress"),
            prompts: try reader.messages(proto.n_prompts, proto.prompts, "prompts")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Pong {
        var proto = Cascade__V1__Pong()
        cascade__v1__pong__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        put(&proto.has_number, &proto.number, number)
        proto.progress = writer.message(progress)
        (proto.n_prompts, proto.prompts) = writer.messages(prompts)
        return proto
    }
}

extension SequenceReading: WireConvertible {
    init(decoding proto: Cascade__V1__SequenceReading, from reader: FieldReader) throws(WireError) {
        let job = JobID(rawValue: try reader.value(proto.has_job, proto.job, "job"))
        self.init(
            sequence: SequenceID(job: job, sample: try reader.count(proto.has_sample, proto.sample, "sample")),
            prompt: try reader.message(proto.prompt, "prompt")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__SequenceReading {
        var proto = Cascade__V1__SequenceReading()
        cascade__v1__sequence_reading__init(&proto)
        put(&proto.has_job, &proto.job, sequence.job.rawValue)
        put(&proto.has_sample, &proto.sample, sequence.sample)
        proto.prompt = writer.message(prompt)
        return proto
    }
}

extension Drain: WireConvertible {
    init(decoding proto: Cascade__V1__Drain, from reader: FieldReader) throws(WireError) {
        self.init(boot: try reader.value(proto.has_boot, proto.boot, "boot"))
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Drain {
        var proto = Cascade__V1__Drain()
        cascade__v1__drain__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        return proto
    }
}

extension Goodbye: WireConvertible {
    init(decoding proto: Cascade__V1__Goodbye, from reader: FieldReader) throws(WireError) {
        self.init(reason: try reader.note(proto.has_reason, proto.reason, "reason"))
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Goodbye {
        var proto = Cascade__V1__Goodbye()
        cascade__v1__goodbye__init(&proto)
        put(&proto.has_reason, &proto.reason, writer.text(reason))
        return proto
    }
}
