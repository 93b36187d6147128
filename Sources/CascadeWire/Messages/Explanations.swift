internal import CCascadeProto
internal import CascadeCore

// What is told of an answer's tokens: the part of a delta that jobs ask for.

extension Explanation: WireConvertible {
    init(decoding proto: Cascade__V1__Explanation, from reader: FieldReader) throws(WireError) {
        func share(_ has: protobuf_c_boolean, _ value: Double, _ field: String) throws(WireError) -> Double {
            has == 0 ? 0 : try reader.number(1, value, field, in: WireLimits.probability)
        }
        var draft: Draft?
        if proto.has_drafted != 0 {
            draft = Draft(
                token: proto.drafted,
                source: proto.has_is_lookup != 0 && proto.is_lookup != 0 ? .lookup : .model,
                probability: try share(proto.has_draft_probability, proto.draft_probability, "draft_probability"),
                gate: DraftGate(
                    maximum: try share(proto.has_draft_maximum, proto.draft_maximum, "draft_maximum"),
                    argmax: proto.has_draft_argmax == 0 ? 0 : proto.draft_argmax,
                    probability: try share(
                        proto.has_draft_gate_probability,
                        proto.draft_gate_probability,
                        "draft_gate_probability"
                    ),
                    entropy: proto.has_draft_entropy == 0
                        ? 0 : try reader.number(1, proto.draft_entropy, "draft_entropy", in: WireLimits.entropy)
                ),
                evidence: try reader.optionalMessage(proto.evidence, "evidence"),
                coin: proto.has_coin == 0 ? nil : try reader.number(1, proto.coin, "coin", in: 0...1)
            )
        }
        self.init(
            round: try reader.count(proto.has_round, proto.round, "round"),
            textBytes: try reader.count(proto.has_text_bytes, proto.text_bytes, "text_bytes"),
            draft: draft,
            logprobs: try reader.optionalMessage(proto.logprobs, "logprobs")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Explanation {
        var proto = Cascade__V1__Explanation()
        cascade__v1__explanation__init(&proto)
        put(&proto.has_round, &proto.round, round)
        put(&proto.has_text_bytes, &proto.text_bytes, textBytes)
        if let logprobs { proto.logprobs = writer.message(logprobs) }
        guard let draft else { return proto }
        put(&proto.has_drafted, &proto.drafted, draft.token)
        if draft.source == .lookup { put(&proto.has_is_lookup, &proto.is_lookup, true) }
        put(&proto.has_draft_probability, &proto.draft_probability, draft.probability)
        put(&proto.has_draft_maximum, &proto.draft_maximum, draft.gate.maximum.unlessZero)
        put(&proto.has_draft_argmax, &proto.draft_argmax, draft.gate.argmax == 0 ? nil : draft.gate.argmax)
        put(&proto.has_draft_gate_probability, &proto.draft_gate_probability, draft.gate.probability.unlessZero)
        put(&proto.has_draft_entropy, &proto.draft_entropy, draft.gate.entropy.unlessZero)
        if let evidence = draft.evidence { proto.evidence = writer.message(evidence) }
        put(&proto.has_coin, &proto.coin, draft.coin)
        return proto
    }
}

extension Evidence: WireConvertible {
    init(decoding proto: Cascade__V1__ExplainedEvidence, from reader: FieldReader) throws(WireError) {
        func share(_ has: protobuf_c_boolean, _ value: Double, _ field: String) throws(WireError) -> Double {
            has == 0 ? 0 : try reader.number(1, value, field, in: WireLimits.probability)
        }
        self.init(
            probability: try share(proto.has_probability, proto.probability, "probability"),
            gateProbability: try share(proto.has_gate_probability, proto.gate_probability, "gate_probability"),
            gateMaximum: try share(proto.has_gate_maximum, proto.gate_maximum, "gate_maximum"),
            gateArgmax: try reader.value(proto.has_gate_argmax, proto.gate_argmax, "gate_argmax"),
            entropy: proto.has_entropy == 0
                ? 0 : try reader.number(1, proto.entropy, "entropy", in: WireLimits.entropy),
            isInTop: proto.has_is_in_top != 0 && proto.is_in_top != 0,
            favouriteProbability: try share(
                proto.has_favourite_probability,
                proto.favourite_probability,
                "favourite_probability"
            ),
            variation: try share(proto.has_variation, proto.variation, "variation"),
            blockMass: try share(proto.has_block_mass, proto.block_mass, "block_mass"),
            keptMass: try share(proto.has_kept_mass, proto.kept_mass, "kept_mass"),
            ratio: try reader.number(
                proto.has_ratio,
                proto.ratio,
                "ratio",
                in: WireLimits.entropy
            ),
            rejectMass: try share(proto.has_reject_mass, proto.reject_mass, "reject_mass"),
            residual: try reader.value(proto.has_residual, proto.residual, "residual")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__ExplainedEvidence {
        var proto = Cascade__V1__ExplainedEvidence()
        cascade__v1__explained_evidence__init(&proto)
        put(&proto.has_probability, &proto.probability, probability.unlessZero)
        put(&proto.has_gate_probability, &proto.gate_probability, gateProbability.unlessZero)
        put(&proto.has_gate_maximum, &proto.gate_maximum, gateMaximum.unlessZero)
        put(&proto.has_gate_argmax, &proto.gate_argmax, gateArgmax)
        put(&proto.has_entropy, &proto.entropy, entropy.unlessZero)
        if isInTop { put(&proto.has_is_in_top, &proto.is_in_top, true) }
        put(&proto.has_favourite_probability, &proto.favourite_probability, favouriteProbability.unlessZero)
        put(&proto.has_variation, &proto.variation, variation.unlessZero)
        put(&proto.has_block_mass, &proto.block_mass, blockMass.unlessZero)
        put(&proto.has_kept_mass, &proto.kept_mass, keptMass.unlessZero)
        put(&proto.has_ratio, &proto.ratio, ratio)
        put(&proto.has_reject_mass, &proto.reject_mass, rejectMass.unlessZero)
        put(&proto.has_residual, &proto.residual, residual)
        return proto
    }
}

extension Double {
    /// Nil for zero, which a field that is absent means.
    fileprivate var unlessZero: Double? { self == 0 ? nil : self }
}
