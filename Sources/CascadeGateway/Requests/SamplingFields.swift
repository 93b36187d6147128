internal import CascadeCore
import CascadeJSON

extension CompletionRequest {
    /// Reads how rows are made from logits. Where the request says nothing, OpenAI's defaults hold, as they do in vLLM:
    /// temperature 1, the whole distribution.
    mutating func readSampling(_ fields: Field) throws(GatewayError) {
        sampling.temperature = try fields["temperature"].double(in: 0...2) ?? 1
        sampling.topP =
            try fields["top_p"].double(in: Double.leastNonzeroMagnitude...1, "above 0 and at most 1") ?? 1
        let topK: Int = try fields["top_k"].integer(in: -1...Int(Int32.max)) ?? 0
        sampling.topK = max(topK, 0)
        sampling.minP = try fields["min_p"].double(in: 0...1.0.nextDown, "at least 0 and below 1") ?? 0
        sampling.presencePenalty = try fields["presence_penalty"].double(in: -2...2) ?? 0
        sampling.frequencyPenalty = try fields["frequency_penalty"].double(in: -2...2) ?? 0
        sampling.repetitionPenalty =
            try fields["repetition_penalty"].double(in: Double.leastNonzeroMagnitude...2, "above 0 and at most 2") ?? 1
        sampling.logitBias = try Self.logitBias(fields["logit_bias"])
        // The whole range of 64 bits, with a sign or without one.
        let seed = fields["seed"]
        if case .number(let digits) = seed.value, digits.hasPrefix("-") {
            self.seed = try seed.integer(in: Int64.min...(.max)).map { UInt64(bitPattern: $0) }
        } else {
            self.seed = try seed.integer(in: 0...UInt64.max)
        }
    }

    private static func logitBias(_ field: Field) throws(GatewayError) -> [LogitBias] {
        var biases: [LogitBias] = []
        for (key, value) in try field.object(most: 1_024) ?? [] {
            guard let token = UInt32(key) else {
                throw .parameter(value.path, "the key has to be the number of a token")
            }
            guard let bias = try value.double(in: -100...100) else { throw .missing(value.path) }
            biases.append(LogitBias(token: token, bias: bias))
        }
        return biases.sorted { $0.token < $1.token }
    }

    /// Reads where the answer ends.
    mutating func readEnd(_ fields: Field, kind: CompletionCall.Kind) throws(GatewayError) {
        let range = 1...Int(Int32.max)
        let newer = kind == .chat ? fields["max_completion_tokens"] : Field(path: "", value: .null)
        let older: Int? = try fields["max_tokens"].integer(in: range)
        maxTokens = try newer.integer(in: range) ?? older
        // OpenAI's default for texts; chats go on as long as there is room.
        if kind == .text, maxTokens == nil { maxTokens = 16 }
        let field = fields["stop"]
        var words: [Field] = []
        if case .string = field.value { words = [field] } else { words = try field.array(most: 16) ?? [] }
        for word in words {
            let text = try word.requiredString()
            guard !text.isEmpty else { throw .parameter(word.path, "is empty") }
            guard text.utf8.count <= 1_024 else { throw .parameter(word.path, "has more than 1024 bytes") }
            stop.append(Array(text.utf8))
        }
    }

    /// Reads what is told of tokens.
    mutating func readLogprobs(_ fields: Field, kind: CompletionCall.Kind) throws(GatewayError) {
        switch kind {
        case .text:
            logprobs = try fields["logprobs"].integer(in: 0...20)
        case .chat:
            let isWanted = try fields["logprobs"].bool() ?? false
            let top: Int? = try fields["top_logprobs"].integer(in: 0...20)
            if let top, top > 0, !isWanted { throw .parameter("top_logprobs", "needs logprobs: true") }
            logprobs = isWanted ? top ?? 0 : nil
        }
    }

    /// Reads the project's own options. They are ours alone, so what is not known is a mistake.
    mutating func readCascade(_ field: Field) throws(GatewayError) {
        let known = [
            "alpha", "delta", "drafter", "num_speculative_tokens", "priority", "rule", "tokens", "top_n",
            "verify_method",
        ]
        for (key, value) in try field.object() ?? [] where !known.contains(key) {
            throw .parameter(value.path, "is not an option: there are \(known.joined(separator: ", "))")
        }
        let any = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        cascade.rule = try field["rule"].choice()
        cascade.alpha = try field["alpha"].double(in: any)
        cascade.delta = try field["delta"].double(in: any)
        cascade.topN = try field["top_n"].integer(in: 1...Int(Int32.max))
        cascade.verifyMethod = try field["verify_method"].choice()
        cascade.drafter = try field["drafter"].choice()
        cascade.priority = try field["priority"].choice()
        let length = field["num_speculative_tokens"]
        if length.value == "adaptive" {
            cascade.draftLength = .adaptive
        } else {
            cascade.draftLength = try length.integer(in: 0...UInt32(Int32.max)).map(DraftLength.fixed)
        }
        try checkRule()
    }

    /// What can be said of the rule without the cluster.
    private func checkRule() throws(GatewayError) {
        guard let rule = cascade.rule else { return }
        if cascade.alpha != nil, rule.traits.alpha == nil {
            throw .parameter("cascade.alpha", "the rule \(rule.rawValue) has none")
        }
        var settings = RuleSettings(rule: rule, alpha: cascade.alpha)
        if let delta = cascade.delta { settings.delta = delta }
        if let topN = cascade.topN { settings.topN = topN }
        let rows = SamplingSettings(
            temperature: sampling.temperature,
            topK: sampling.topK,
            topP: sampling.topP,
            minP: sampling.minP
        )
        if let problem = settings.problem(sampling: rows) { throw .parameter("cascade", problem) }
    }
}
