internal import CCascadeProto
internal import CascadeCore

// The messages of journal.proto.

extension AcceptedJob: WireConvertible {
    init(decoding proto: Cascade__V1__AcceptedJob, from reader: FieldReader) throws(WireError) {
        self.init(
            number: try reader.counter(proto.has_number, proto.number, "number"),
            submit: try reader.message(proto.submit, "submit"),
            seed: try reader.value(proto.has_seed, proto.seed, "seed"),
            draftLength: try reader.draftLength(proto.has_num_speculative_tokens, proto.num_speculative_tokens)
                ?? .adaptive,
            owner: JobOwner(
                name: try reader.nameOrEmpty(proto.has_owner, proto.owner, "owner"),
                key: try reader.nameOrEmpty(proto.has_key, proto.key, "key")
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__AcceptedJob {
        var proto = Cascade__V1__AcceptedJob()
        cascade__v1__accepted_job__init(&proto)
        put(&proto.has_number, &proto.number, number)
        proto.submit = writer.message(submit)
        put(&proto.has_seed, &proto.seed, seed)
        put(&proto.has_num_speculative_tokens, &proto.num_speculative_tokens, draftLength.count)
        if !owner.name.isEmpty { put(&proto.has_owner, &proto.owner, writer.text(owner.name)) }
        if !owner.key.isEmpty { put(&proto.has_key, &proto.key, writer.text(owner.key)) }
        return proto
    }
}

extension CommittedTokens: WireConvertible {
    init(decoding proto: Cascade__V1__CommittedTokens, from reader: FieldReader) throws(WireError) {
        let tokens = try reader.tokens(proto.n_tokens, proto.tokens, "tokens")
        self.init(
            start: try reader.optionalMessage(proto.start, "start"),
            offset: try reader.count(proto.has_offset, proto.offset, "offset"),
            tokens: tokens,
            origins: try reader.origins(proto.n_origins, proto.origins, matching: tokens.count),
            explanations: try reader.messages(
                proto.n_explanations,
                proto.explanations,
                "explanations",
                noneOr: tokens.count
            ),
            text: try reader.bytes(proto.has_text, proto.text, "text", limit: reader.limits.textBytes),
            counts: try reader.message(proto.counts, "counts"),
            round: try reader.count(proto.has_round, proto.round, "round"),
            isExpertsTurn: proto.has_is_experts_turn != 0 && proto.is_experts_turn != 0,
            ageMilliseconds: try reader.duration(proto.has_age_milliseconds, proto.age_milliseconds, "age_milliseconds")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__CommittedTokens {
        var proto = Cascade__V1__CommittedTokens()
        cascade__v1__committed_tokens__init(&proto)
        if let start { proto.start = writer.message(start) }
        put(&proto.has_offset, &proto.offset, offset)
        (proto.n_tokens, proto.tokens) = writer.array(tokens)
        (proto.n_origins, proto.origins) = writer.origins(origins)
        (proto.n_explanations, proto.explanations) = writer.messages(explanations)
        put(&proto.has_text, &proto.text, writer.bytes(text))
        proto.counts = writer.message(counts)
        put(&proto.has_round, &proto.round, round)
        if isExpertsTurn { put(&proto.has_is_experts_turn, &proto.is_experts_turn, true) }
        put(&proto.has_age_milliseconds, &proto.age_milliseconds, ageMilliseconds)
        return proto
    }
}

extension AnswerStart: WireConvertible {
    init(decoding proto: Cascade__V1__AnswerStart, from reader: FieldReader) throws(WireError) {
        self.init(
            promptHash: try reader.message(proto.prompt_hash, "prompt_hash"),
            maxTokens: try reader.count(proto.has_max_tokens, proto.max_tokens, "max_tokens"),
            vocabularyHash: try reader.message(proto.vocabulary_hash, "vocabulary_hash"),
            vocabularyCount: try reader.count(proto.has_vocabulary_count, proto.vocabulary_count, "vocabulary_count"),
            modelFingerprint: try reader.message(proto.model_fingerprint, "model_fingerprint"),
            numericsID: try reader.name(proto.has_numerics_id, proto.numerics_id, "numerics_id"),
            modelName: try reader.name(proto.has_model_name, proto.model_name, "model_name"),
            isSynthetic: proto.has_is_synthetic != 0 && proto.is_synthetic != 0,
            queueMilliseconds: try reader.duration(
                proto.has_queue_milliseconds,
                proto.queue_milliseconds,
                "queue_milliseconds"
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__AnswerStart {
        var proto = Cascade__V1__AnswerStart()
        cascade__v1__answer_start__init(&proto)
        proto.prompt_hash = writer.message(promptHash)
        put(&proto.has_max_tokens, &proto.max_tokens, maxTokens)
        proto.vocabulary_hash = writer.message(vocabularyHash)
        put(&proto.has_vocabulary_count, &proto.vocabulary_count, vocabularyCount)
        proto.model_fingerprint = writer.message(modelFingerprint)
        put(&proto.has_numerics_id, &proto.numerics_id, writer.text(numericsID))
        put(&proto.has_model_name, &proto.model_name, writer.text(modelName))
        if isSynthetic { put(&proto.has_is_synthetic, &proto.is_synthetic, true) }
        put(&proto.has_queue_milliseconds, &proto.queue_milliseconds, queueMilliseconds)
        return proto
    }
}

extension FinishedAnswer: WireConvertible {
    init(decoding proto: Cascade__V1__FinishedAnswer, from reader: FieldReader) throws(WireError) {
        let report: JobReport = try reader.message(proto.report, "report")
        self.init(
            report: report,
            origins: try reader.origins(proto.n_origins, proto.origins, matching: report.tokens.count),
            explanations: try reader.messages(
                proto.n_explanations,
                proto.explanations,
                "explanations",
                noneOr: report.tokens.count
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__FinishedAnswer {
        var proto = Cascade__V1__FinishedAnswer()
        cascade__v1__finished_answer__init(&proto)
        proto.report = writer.message(report)
        (proto.n_origins, proto.origins) = writer.origins(origins)
        (proto.n_explanations, proto.explanations) = writer.messages(explanations)
        return proto
    }
}

/// What a record says of who works on a job.
struct Flight {
    /// Whether it was put down.
    var isOver: Bool
}

extension Flight: WireConvertible {
    init(decoding proto: Cascade__V1__Flight, from reader: FieldReader) throws(WireError) {
        self.init(isOver: proto.has_is_over != 0 && proto.is_over != 0)
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Flight {
        var proto = Cascade__V1__Flight()
        cascade__v1__flight__init(&proto)
        if isOver { put(&proto.has_is_over, &proto.is_over, true) }
        return proto
    }
}

/// The list of a record.
struct ExpertDeaths {
    /// The last one last.
    var experts: [NodeIdentity]
}

extension ExpertDeaths: WireConvertible {
    init(decoding proto: Cascade__V1__ExpertDeaths, from reader: FieldReader) throws(WireError) {
        self.init(experts: try reader.messages(proto.n_experts, proto.experts, "experts"))
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__ExpertDeaths {
        var proto = Cascade__V1__ExpertDeaths()
        cascade__v1__expert_deaths__init(&proto)
        (proto.n_experts, proto.experts) = writer.messages(experts)
        return proto
    }
}
