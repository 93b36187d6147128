internal import CCascadeProto
internal import CascadeCore

// The messages of round.proto.

extension Fence: WireConvertible {
    init(decoding proto: Cascade__V1__Fence, from reader: FieldReader) throws(WireError) {
        let job = JobID(rawValue: try reader.value(proto.has_job, proto.job, "job"))
        self.init(
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            incarnation: try reader.value(proto.has_incarnation, proto.incarnation, "incarnation"),
            sequence: SequenceID(job: job, sample: try reader.count(proto.has_sample, proto.sample, "sample")),
            round: try reader.count(proto.has_round, proto.round, "round")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Fence {
        var proto = Cascade__V1__Fence()
        cascade__v1__fence__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        put(&proto.has_incarnation, &proto.incarnation, incarnation)
        put(&proto.has_job, &proto.job, sequence.job.rawValue)
        put(&proto.has_sample, &proto.sample, sequence.sample)
        put(&proto.has_round, &proto.round, round)
        return proto
    }
}

extension SequenceSpec: WireConvertible {
    /// Unlike a client's settings, a spec's must be sound: the coordinator has checked them, and nodes rely on it.
    init(decoding proto: Cascade__V1__SequenceSpec, from reader: FieldReader) throws(WireError) {
        let limits = reader.limits
        let sampling: SamplingSettings = try reader.message(proto.sampling, "sampling")
        let rule: RuleSettings = try reader.message(proto.rule, "rule")
        if let problem = sampling.problem { throw reader.invalid("sampling", expected: "sound", actual: problem) }
        if let problem = rule.problem(sampling: sampling) {
            throw reader.invalid("rule", expected: "sound", actual: problem)
        }
        let promptLength = try reader.number(
            proto.has_prompt_length,
            proto.prompt_length,
            "prompt_length",
            in: 0...Int64(limits.tokens)
        )
        let draftSupport = try reader.number(
            proto.has_draft_support,
            proto.draft_support,
            "draft_support",
            in: 1...Int64(limits.rowEntries)
        )
        self.init(
            id: try reader.value(proto.has_id, proto.id, "id"),
            seed: try reader.value(proto.has_seed, proto.seed, "seed"),
            sample: try reader.count(proto.has_sample, proto.sample, "sample"),
            sampling: sampling,
            rule: rule,
            guardTokens: try reader.list(
                proto.n_guard_tokens,
                proto.guard_tokens,
                "guard_tokens",
                limit: limits.listEntries
            ),
            promptLength: Int(promptLength),
            draftSupport: Int(draftSupport),
            logprobs: proto.has_logprobs == 0
                ? nil : try reader.number(1, proto.logprobs, "logprobs", in: 0...limits.logprobs),
            constraint: try reader.optionalMessage(proto.constraint, "constraint")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__SequenceSpec {
        var proto = Cascade__V1__SequenceSpec()
        cascade__v1__sequence_spec__init(&proto)
        put(&proto.has_id, &proto.id, id)
        put(&proto.has_seed, &proto.seed, seed)
        put(&proto.has_sample, &proto.sample, sample)
        proto.sampling = writer.message(sampling)
        proto.rule = writer.message(rule)
        (proto.n_guard_tokens, proto.guard_tokens) = writer.array(guardTokens)
        put(&proto.has_prompt_length, &proto.prompt_length, Int64(promptLength))
        put(&proto.has_draft_support, &proto.draft_support, Int64(draftSupport))
        put(&proto.has_logprobs, &proto.logprobs, logprobs)
        if let constraint { proto.constraint = writer.message(constraint) }
        return proto
    }
}

extension Prefix: WireConvertible {
    init(decoding proto: Cascade__V1__Prefix, from reader: FieldReader) throws(WireError) {
        let tail = try reader.tokens(proto.n_tail, proto.tail, "tail")
        self.init(
            baseLength: try reader.number(
                proto.has_base_length,
                proto.base_length,
                "base_length",
                in: UInt32(tail.count)...reader.limits.tokens
            ),
            hash: try reader.message(proto.hash, "hash"),
            tail: tail
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Prefix {
        var proto = Cascade__V1__Prefix()
        cascade__v1__prefix__init(&proto)
        put(&proto.has_base_length, &proto.base_length, baseLength)
        proto.hash = writer.message(hash)
        (proto.n_tail, proto.tail) = writer.array(tail)
        return proto
    }
}

extension FieldReader {
    /// The spec that a request carries: none, or the one that it names.
    fileprivate func spec(
        _ proto: UnsafeMutablePointer<Cascade__V1__SequenceSpec>?,
        named id: UInt64
    ) throws(WireError) -> SequenceSpec? {
        let spec: SequenceSpec? = try optionalMessage(proto, "spec")
        if let spec, spec.id != id {
            throw invalid("spec.id", expected: "the request's spec_id \(id)", actual: spec.id)
        }
        return spec
    }
}

extension Draft: WireConvertible {
    init(decoding proto: Cascade__V1__Draft, from reader: FieldReader) throws(WireError) {
        let specID = try reader.value(proto.has_spec_id, proto.spec_id, "spec_id")
        self.init(
            fence: try reader.message(proto.fence, "fence"),
            specID: specID,
            spec: try reader.spec(proto.spec, named: specID),
            prefix: try reader.message(proto.prefix, "prefix"),
            count: try reader.number(proto.has_count, proto.count, "count", in: 1...reader.limits.positions),
            minimumConfidence: try reader.number(
                proto.has_minimum_confidence,
                proto.minimum_confidence,
                "minimum_confidence",
                in: 0...1
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Draft {
        var proto = Cascade__V1__Draft()
        cascade__v1__draft__init(&proto)
        proto.fence = writer.message(fence)
        put(&proto.has_spec_id, &proto.spec_id, specID)
        if let spec { proto.spec = writer.message(spec) }
        proto.prefix = writer.message(prefix)
        put(&proto.has_count, &proto.count, count)
        put(&proto.has_minimum_confidence, &proto.minimum_confidence, minimumConfidence)
        return proto
    }
}

extension Drafted: WireConvertible {
    init(decoding proto: Cascade__V1__Drafted, from reader: FieldReader) throws(WireError) {
        let rows: DraftRows = try reader.message(proto.positions, "positions")
        self.init(
            fence: try reader.message(proto.fence, "fence"),
            positions: rows.positions,
            milliseconds: try reader.duration(proto.has_milliseconds, proto.milliseconds, "milliseconds"),
            passes: proto.has_passes == 0 ? 0 : try reader.count(1, proto.passes, "passes"),
            rows: proto.has_rows == 0 ? 0 : try reader.count(1, proto.rows, "rows")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Drafted {
        var proto = Cascade__V1__Drafted()
        cascade__v1__drafted__init(&proto)
        proto.fence = writer.message(fence)
        proto.positions = writer.message(DraftRows(positions: positions))
        put(&proto.has_milliseconds, &proto.milliseconds, milliseconds)
        if passes > 0 { put(&proto.has_passes, &proto.passes, passes) }
        if rows > 0 { put(&proto.has_rows, &proto.rows, rows) }
        return proto
    }
}

extension Verify: WireConvertible {
    init(decoding proto: Cascade__V1__Verify, from reader: FieldReader) throws(WireError) {
        let specID = try reader.value(proto.has_spec_id, proto.spec_id, "spec_id")
        let rows: DraftRows = try reader.message(proto.draft, "draft")
        self.init(
            fence: try reader.message(proto.fence, "fence"),
            specID: specID,
            spec: try reader.spec(proto.spec, named: specID),
            prefix: try reader.message(proto.prefix, "prefix"),
            draft: rows.positions
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Verify {
        var proto = Cascade__V1__Verify()
        cascade__v1__verify__init(&proto)
        proto.fence = writer.message(fence)
        put(&proto.has_spec_id, &proto.spec_id, specID)
        if let spec { proto.spec = writer.message(spec) }
        proto.prefix = writer.message(prefix)
        proto.draft = writer.message(DraftRows(positions: draft))
        return proto
    }
}

extension Missing: WireConvertible {
    init(decoding proto: Cascade__V1__Missing, from reader: FieldReader) throws(WireError) {
        self.init(
            fence: try reader.message(proto.fence, "fence"),
            length: try reader.number(proto.has_length, proto.length, "length", in: 0...reader.limits.tokens),
            needsSpec: try reader.flag(proto.has_needs_spec, proto.needs_spec, "needs_spec")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Missing {
        var proto = Cascade__V1__Missing()
        cascade__v1__missing__init(&proto)
        proto.fence = writer.message(fence)
        put(&proto.has_length, &proto.length, length)
        put(&proto.has_needs_spec, &proto.needs_spec, needsSpec)
        return proto
    }
}

extension Failed: WireConvertible {
    init(decoding proto: Cascade__V1__Failed, from reader: FieldReader) throws(WireError) {
        self.init(
            fence: try reader.message(proto.fence, "fence"),
            code: try reader.enumeration(proto.has_code, proto.code, "code"),
            message: try reader.note(proto.has_message, proto.message, "message")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Failed {
        var proto = Cascade__V1__Failed()
        cascade__v1__failed__init(&proto)
        proto.fence = writer.message(fence)
        put(&proto.has_code, &proto.code, code)
        put(&proto.has_message, &proto.message, writer.text(message))
        return proto
    }
}

extension Release: WireConvertible {
    init(decoding proto: Cascade__V1__Release, from reader: FieldReader) throws(WireError) {
        let job = JobID(rawValue: try reader.value(proto.has_job, proto.job, "job"))
        self.init(
            boot: try reader.value(proto.has_boot, proto.boot, "boot"),
            sequence: SequenceID(job: job, sample: try reader.count(proto.has_sample, proto.sample, "sample")),
            specID: try reader.value(proto.has_spec_id, proto.spec_id, "spec_id")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Release {
        var proto = Cascade__V1__Release()
        cascade__v1__release__init(&proto)
        put(&proto.has_boot, &proto.boot, boot)
        put(&proto.has_job, &proto.job, sequence.job.rawValue)
        put(&proto.has_sample, &proto.sample, sequence.sample)
        put(&proto.has_spec_id, &proto.spec_id, specID)
        return proto
    }
}
