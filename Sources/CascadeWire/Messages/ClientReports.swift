internal import CCascadeProto
internal import CascadeCore

// The messages of client.proto about a job's end.

extension Finished: WireConvertible {
    init(decoding proto: Cascade__V1__Finished, from reader: FieldReader) throws(WireError) {
        self.init(
            requestID: try reader.value(proto.has_request_id, proto.request_id, "request_id"),
            report: try reader.message(proto.report, "report")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Finished {
        var proto = Cascade__V1__Finished()
        cascade__v1__finished__init(&proto)
        put(&proto.has_request_id, &proto.request_id, requestID)
        proto.report = writer.message(report)
        return proto
    }
}

extension JobReport: WireConvertible {
    init(decoding proto: Cascade__V1__JobReport, from reader: FieldReader) throws(WireError) {
        let firstToken =
            proto.has_first_token_milliseconds == 0
            ? nil : try reader.duration(1, proto.first_token_milliseconds, "first_token_milliseconds")
        let confidence =
            proto.has_draft_minimum_confidence == 0
            ? 0 : try reader.number(1, proto.draft_minimum_confidence, "draft_minimum_confidence", in: 0...1)
        self.init(
            job: JobID(rawValue: try reader.value(proto.has_job, proto.job, "job")),
            reason: try reader.enumeration(proto.has_reason, proto.reason, "reason"),
            error: try reader.optionalMessage(proto.error, "error"),
            tokens: try reader.tokens(proto.n_tokens, proto.tokens, "tokens"),
            text: try reader.bytes(proto.has_text, proto.text, "text", limit: reader.limits.textBytes),
            promptTokens: try reader.count(proto.has_prompt_tokens, proto.prompt_tokens, "prompt_tokens"),
            sampling: try reader.message(proto.sampling, "sampling"),
            rule: try reader.message(proto.rule, "rule"),
            seed: try reader.value(proto.has_seed, proto.seed, "seed"),
            draftLength: try reader.draftLength(proto.has_num_speculative_tokens, proto.num_speculative_tokens)
                ?? .adaptive,
            drafterKind: try reader.drafterKind(proto.has_drafter_kind, proto.drafter_kind),
            draftMinimumConfidence: confidence,
            counts: try reader.message(proto.counts, "counts"),
            queueMilliseconds: try reader.duration(
                proto.has_queue_milliseconds,
                proto.queue_milliseconds,
                "queue_milliseconds"
            ),
            firstTokenMilliseconds: firstToken,
            totalMilliseconds: try reader.duration(
                proto.has_total_milliseconds,
                proto.total_milliseconds,
                "total_milliseconds"
            ),
            isSynthetic: proto.has_is_synthetic != 0 && proto.is_synthetic != 0
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__JobReport {
        var proto = Cascade__V1__JobReport()
        cascade__v1__job_report__init(&proto)
        put(&proto.has_job, &proto.job, job.rawValue)
        put(&proto.has_reason, &proto.reason, reason)
        if let error { proto.error = writer.message(error) }
        (proto.n_tokens, proto.tokens) = writer.array(tokens)
        put(&proto.has_text, &proto.text, writer.bytes(text))
        put(&proto.has_prompt_tokens, &proto.prompt_tokens, promptTokens)
        proto.sampling = writer.message(sampling)
        proto.rule = writer.message(rule)
        put(&proto.has_seed, &proto.seed, seed)
        put(&proto.has_num_speculative_tokens, &proto.num_speculative_tokens, draftLength.count)
        put(&proto.has_drafter_kind, &proto.drafter_kind, drafterKind)
        put(&proto.has_draft_minimum_confidence, &proto.draft_minimum_confidence, draftMinimumConfidence)
        proto.counts = writer.message(counts)
        put(&proto.has_queue_milliseconds, &proto.queue_milliseconds, queueMilliseconds)
        put(&proto.has_first_token_milliseconds, &proto.first_token_milliseconds, firstTokenMilliseconds)
        put(&proto.has_total_milliseconds, &proto.total_milliseconds, totalMilliseconds)
        if isSynthetic { put(&proto.has_is_synthetic, &proto.is_synthetic, true) }
        return proto
    }
}

extension JobError: WireConvertible {
    init(decoding proto: Cascade__V1__JobError, from reader: FieldReader) throws(WireError) {
        self.init(
            code: try reader.enumeration(proto.has_code, proto.code, "code"),
            message: try reader.note(proto.has_message, proto.message, "message")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__JobError {
        var proto = Cascade__V1__JobError()
        cascade__v1__job_error__init(&proto)
        put(&proto.has_code, &proto.code, code)
        put(&proto.has_message, &proto.message, writer.text(message))
        return proto
    }
}

extension SpeculationCounts: WireConvertible {
    init(decoding proto: Cascade__V1__SpeculationCounts, from reader: FieldReader) throws(WireError) {
        let histogram = try reader.list(
            proto.n_acceptance_histogram,
            proto.acceptance_histogram,
            "acceptance_histogram",
            limit: reader.limits.listEntries
        )
        for rounds in histogram { _ = try reader.counter(1, rounds, "acceptance_histogram") }
        self.init(
            rounds: try reader.counter(proto.has_rounds, proto.rounds, "rounds"),
            expertRounds: try reader.counter(
                1,
                proto.has_expert_rounds == 0 ? proto.rounds : proto.expert_rounds,
                "expert_rounds"
            ),
            draftedRounds: try reader.counter(proto.has_drafted_rounds, proto.drafted_rounds, "drafted_rounds"),
            drafted: try reader.counter(proto.has_drafted, proto.drafted, "drafted"),
            kept: try reader.counter(proto.has_kept, proto.kept, "kept"),
            matched: try reader.counter(proto.has_matched, proto.matched, "matched"),
            recovered: try reader.counter(proto.has_recovered, proto.recovered, "recovered"),
            bonus: try reader.counter(proto.has_bonus, proto.bonus, "bonus"),
            discarded: try reader.counter(proto.has_discarded, proto.discarded, "discarded"),
            relaxed: try reader.counter(proto.has_relaxed, proto.relaxed, "relaxed"),
            cut: try reader.counter(proto.has_cut, proto.cut, "cut"),
            unruledPositions: try reader.counter(
                proto.has_unruled_positions,
                proto.unruled_positions,
                "unruled_positions"
            ),
            lookupDrafted: try reader.counterOrZero(proto.has_lookup_drafted, proto.lookup_drafted, "lookup_drafted"),
            lookupAccepted: try reader.counterOrZero(
                proto.has_lookup_accepted,
                proto.lookup_accepted,
                "lookup_accepted"
            ),
            acceptanceHistogram: histogram
        )
        // Whoever reads it takes lookup's part away from the whole.
        _ = try reader.number(1, lookupDrafted, "lookup_drafted", in: 0...drafted)
        _ = try reader.number(1, lookupAccepted, "lookup_accepted", in: 0...min(lookupDrafted, accepted))
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__SpeculationCounts {
        var proto = Cascade__V1__SpeculationCounts()
        cascade__v1__speculation_counts__init(&proto)
        put(&proto.has_rounds, &proto.rounds, rounds)
        if expertRounds != rounds { put(&proto.has_expert_rounds, &proto.expert_rounds, expertRounds) }
        put(&proto.has_drafted_rounds, &proto.drafted_rounds, draftedRounds)
        put(&proto.has_drafted, &proto.drafted, drafted)
        put(&proto.has_kept, &proto.kept, kept)
        put(&proto.has_matched, &proto.matched, matched)
        put(&proto.has_recovered, &proto.recovered, recovered)
        put(&proto.has_bonus, &proto.bonus, bonus)
        put(&proto.has_discarded, &proto.discarded, discarded)
        put(&proto.has_relaxed, &proto.relaxed, relaxed)
        put(&proto.has_cut, &proto.cut, cut)
        put(&proto.has_unruled_positions, &proto.unruled_positions, unruledPositions)
        put(&proto.has_lookup_drafted, &proto.lookup_drafted, lookupDrafted)
        put(&proto.has_lookup_accepted, &proto.lookup_accepted, lookupAccepted)
        (proto.n_acceptance_histogram, proto.acceptance_histogram) = writer.array(acceptanceHistogram)
        return proto
    }
}
