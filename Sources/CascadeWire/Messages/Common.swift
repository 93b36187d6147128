internal import CCascadeProto
internal import CascadeCore

// The values of common.proto.

extension NodeRole: WireEnum {
    var number: UInt32 {
        switch self {
        case .drafter: 1
        case .expert: 2
        }
    }
}

extension RefusalCode: WireEnum {}

extension RuleSettings.Rule: WireEnum {
    var number: UInt32 { traits.number }
}

extension RuleSettings.Gate: WireEnum {
    var number: UInt32 {
        switch self {
        case .raw: 1
        case .processed: 2
        }
    }
}

extension RuleSettings.Bonus: WireEnum {
    var number: UInt32 {
        switch self {
        case .target: 1
        case .rule: 2
        }
    }
}

extension RuleSettings.VerifyMethod: WireEnum {
    var number: UInt32 {
        switch self {
        case .rejection: 1
        case .block: 2
        case .coupled: 3
        }
    }
}

extension Hash128: WireConvertible {
    init(decoding proto: Cascade__V1__Hash128, from reader: FieldReader) throws(WireError) {
        self.init(
            high: try reader.value(proto.has_high, proto.high, "high"),
            low: try reader.value(proto.has_low, proto.low, "low")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Hash128 {
        var proto = Cascade__V1__Hash128()
        cascade__v1__hash128__init(&proto)
        put(&proto.has_high, &proto.high, high)
        put(&proto.has_low, &proto.low, low)
        return proto
    }
}

extension NodeIdentity: WireConvertible {
    init(decoding proto: Cascade__V1__NodeIdentity, from reader: FieldReader) throws(WireError) {
        self.init(
            name: try reader.name(proto.has_name, proto.name, "name"),
            incarnation: try reader.value(proto.has_incarnation, proto.incarnation, "incarnation")
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__NodeIdentity {
        var proto = Cascade__V1__NodeIdentity()
        cascade__v1__node_identity__init(&proto)
        put(&proto.has_name, &proto.name, writer.text(name))
        put(&proto.has_incarnation, &proto.incarnation, incarnation)
        return proto
    }
}

extension SamplingSettings: WireConvertible {
    /// Refuses what no setting can be. Whether a client's settings are sound is `problem`'s to say, in words for users.
    init(decoding proto: Cascade__V1__SamplingSettings, from reader: FieldReader) throws(WireError) {
        let notNegative = 0...Double.greatestFiniteMagnitude
        let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        self.init(
            temperature: try reader.number(proto.has_temperature, proto.temperature, "temperature", in: notNegative),
            topK: Int(try reader.number(proto.has_top_k, proto.top_k, "top_k", in: 0...Int64(reader.limits.count))),
            topP: try reader.number(proto.has_top_p, proto.top_p, "top_p", in: notNegative),
            minP: try reader.number(proto.has_min_p, proto.min_p, "min_p", in: notNegative),
            presencePenalty: proto.has_presence_penalty == 0
                ? 0 : try reader.number(1, proto.presence_penalty, "presence_penalty", in: finite),
            frequencyPenalty: proto.has_frequency_penalty == 0
                ? 0 : try reader.number(1, proto.frequency_penalty, "frequency_penalty", in: finite),
            repetitionPenalty: proto.has_repetition_penalty == 0
                ? 1 : try reader.number(1, proto.repetition_penalty, "repetition_penalty", in: notNegative),
            logitBias: try Self.logitBias(proto, reader)
        )
    }

    private static func logitBias(
        _ proto: Cascade__V1__SamplingSettings,
        _ reader: FieldReader
    ) throws(WireError) -> [LogitBias] {
        let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        let tokens = try reader.list(proto.n_bias_tokens, proto.bias_tokens, "bias_tokens", limit: LogitBias.most)
        let biases = try reader.list(proto.n_biases, proto.biases, "biases", matching: tokens.count)
        var logitBias: [LogitBias] = []
        logitBias.reserveCapacity(tokens.count)
        for (token, bias) in zip(tokens, biases) {
            if let last = logitBias.last, token <= last.token {
                throw reader.invalid("bias_tokens", expected: "ascending", actual: token)
            }
            logitBias.append(LogitBias(token: token, bias: try reader.number(1, bias, "biases", in: finite)))
        }
        return logitBias
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__SamplingSettings {
        var proto = Cascade__V1__SamplingSettings()
        cascade__v1__sampling_settings__init(&proto)
        put(&proto.has_temperature, &proto.temperature, temperature)
        put(&proto.has_top_k, &proto.top_k, Int64(topK))
        put(&proto.has_top_p, &proto.top_p, topP)
        put(&proto.has_min_p, &proto.min_p, minP)
        if presencePenalty != 0 { put(&proto.has_presence_penalty, &proto.presence_penalty, presencePenalty) }
        if frequencyPenalty != 0 { put(&proto.has_frequency_penalty, &proto.frequency_penalty, frequencyPenalty) }
        if repetitionPenalty != 1 { put(&proto.has_repetition_penalty, &proto.repetition_penalty, repetitionPenalty) }
        (proto.n_bias_tokens, proto.bias_tokens) = writer.array(logitBias.map(\.token))
        (proto.n_biases, proto.biases) = writer.array(logitBias.map(\.bias))
        return proto
    }
}

extension RuleSettings: WireConvertible {
    /// Refuses what no setting can be, as for sampling.
    init(decoding proto: Cascade__V1__RuleSettings, from reader: FieldReader) throws(WireError) {
        let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        let standard = RuleSettings()
        let strict = try reader.number(
            proto.has_strict_prefix_tokens,
            proto.strict_prefix_tokens,
            "strict_prefix_tokens",
            in: 0...Int64(reader.limits.count)
        )
        self.init(
            rule: try reader.enumeration(proto.has_rule, proto.rule, "rule"),
            alpha: try reader.number(proto.has_alpha, proto.alpha, "alpha", in: finite),
            delta: proto.has_delta == 0 ? standard.delta : try reader.number(1, proto.delta, "delta", in: finite),
            topN: proto.has_top_n == 0
                ? standard.topN
                : Int(try reader.number(1, proto.top_n, "top_n", in: 0...Int64(reader.limits.count))),
            gate: try reader.enumeration(proto.has_gate, proto.gate, "gate"),
            bonus: try reader.enumeration(proto.has_bonus, proto.bonus, "bonus"),
            verifyMethod: try reader.enumeration(proto.has_verify_method, proto.verify_method, "verify_method"),
            strictPrefixTokens: Int(strict),
            explains: proto.has_explain != 0 && proto.explain != 0
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__RuleSettings {
        var proto = Cascade__V1__RuleSettings()
        cascade__v1__rule_settings__init(&proto)
        put(&proto.has_rule, &proto.rule, rule)
        put(&proto.has_alpha, &proto.alpha, alpha)
        let standard = RuleSettings()
        if delta != standard.delta { put(&proto.has_delta, &proto.delta, delta) }
        if topN != standard.topN { put(&proto.has_top_n, &proto.top_n, Int64(topN)) }
        put(&proto.has_gate, &proto.gate, gate)
        put(&proto.has_bonus, &proto.bonus, bonus)
        put(&proto.has_verify_method, &proto.verify_method, verifyMethod)
        put(&proto.has_strict_prefix_tokens, &proto.strict_prefix_tokens, Int64(strictPrefixTokens))
        if explains { put(&proto.has_explain, &proto.explain, true) }
        return proto
    }
}

extension Progress: WireConvertible {
    init(decoding proto: Cascade__V1__Progress, from reader: FieldReader) throws(WireError) {
        self.init(
            passes: try reader.counter(proto.has_passes, proto.passes, "passes"),
            pending: try reader.count(proto.has_pending, proto.pending, "pending"),
            kvTokensUsed: try reader.count(proto.has_kv_tokens_used, proto.kv_tokens_used, "kv_tokens_used"),
            busyMilliseconds: try reader.number(
                proto.has_busy_milliseconds,
                proto.busy_milliseconds,
                "busy_milliseconds",
                in: 0...UInt64(reader.limits.milliseconds)
            ),
            prefixCacheHitTokens: try reader.counterOrZero(
                proto.has_prefix_cache_hit_tokens,
                proto.prefix_cache_hit_tokens,
                "prefix_cache_hit_tokens"
            ),
            uptimeMilliseconds: try reader.counterOrZero(
                proto.has_uptime_milliseconds,
                proto.uptime_milliseconds,
                "uptime_milliseconds"
            ),
            cpuMilliseconds: try reader.counterOrZero(
                proto.has_cpu_milliseconds,
                proto.cpu_milliseconds,
                "cpu_milliseconds"
            ),
            stuckMilliseconds: try reader.counterOrZero(
                proto.has_stuck_milliseconds,
                proto.stuck_milliseconds,
                "stuck_milliseconds"
            )
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__Progress {
        var proto = Cascade__V1__Progress()
        cascade__v1__progress__init(&proto)
        put(&proto.has_passes, &proto.passes, passes)
        put(&proto.has_pending, &proto.pending, pending)
        put(&proto.has_kv_tokens_used, &proto.kv_tokens_used, kvTokensUsed)
        put(&proto.has_busy_milliseconds, &proto.busy_milliseconds, busyMilliseconds)
        put(&proto.has_prefix_cache_hit_tokens, &proto.prefix_cache_hit_tokens, prefixCacheHitTokens)
        put(&proto.has_uptime_milliseconds, &proto.uptime_milliseconds, uptimeMilliseconds)
        put(&proto.has_cpu_milliseconds, &proto.cpu_milliseconds, cpuMilliseconds)
        put(&proto.has_stuck_milliseconds, &proto.stuck_milliseconds, stuckMilliseconds)
        return proto
    }
}

extension PromptReading: WireConvertible {
    init(decoding proto: Cascade__V1__PromptReading, from reader: FieldReader) throws(WireError) {
        let tokens = try reader.number(proto.has_tokens, proto.tokens, "tokens", in: 0...reader.limits.tokens)
        self.init(
            tokensRead: try reader.number(proto.has_tokens_read, proto.tokens_read, "tokens_read", in: 0...tokens),
            tokens: tokens
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__PromptReading {
        var proto = Cascade__V1__PromptReading()
        cascade__v1__prompt_reading__init(&proto)
        put(&proto.has_tokens_read, &proto.tokens_read, tokensRead)
        put(&proto.has_tokens, &proto.tokens, tokens)
        return proto
    }
}

/// A node's cost points as two columns.
struct CostCurve: WireConvertible {
    var points: [CostPoint]

    init(points: [CostPoint]) {
        self.points = points
    }

    init(decoding proto: Cascade__V1__CostCurve, from reader: FieldReader) throws(WireError) {
        let limit = reader.limits.listEntries
        let rows = try reader.list(proto.n_rows, proto.rows, "rows", limit: limit)
        let times = try reader.list(proto.n_milliseconds, proto.milliseconds, "milliseconds", matching: rows.count)
        points = []
        points.reserveCapacity(rows.count)
        for (row, milliseconds) in zip(rows, times) {
            guard row > points.last?.rows ?? 0, row <= reader.limits.count else {
                throw reader.invalid("rows", expected: "ascending from 1 to \(reader.limits.count)", actual: rows)
            }
            let duration = try reader.duration(1, milliseconds, "milliseconds")
            points.append(CostPoint(rows: row, milliseconds: duration))
        }
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__CostCurve {
        var proto = Cascade__V1__CostCurve()
        cascade__v1__cost_curve__init(&proto)
        (proto.n_rows, proto.rows) = writer.array(points.map(\.rows))
        (proto.n_milliseconds, proto.milliseconds) = writer.array(points.map(\.milliseconds))
        return proto
    }
}
