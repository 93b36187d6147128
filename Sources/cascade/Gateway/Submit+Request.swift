internal import CascadeConstraint
internal import CascadeCore
internal import CascadeGateway
internal import CascadeHost

extension Submit {
    /// A request as the coordinator takes it; throws where something in it is out of bounds.
    init(_ request: CompletionRequest, model: PoolModel) throws(BackendError) {
        self.init(
            requestID: UInt64.random(in: 1...UInt64.max / 2),
            submitKey: Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max)),
            pool: model.pool.name,
            prompt: [],
            format: .raw,
            localSeconds: LocalClock.seconds(),
            sampling: SamplingSettings(request.sampling),
            rule: try RuleSettings(request.cascade, model: model),
            usesDefaultRule: model.voice == .pair && request.cascade.rule == nil,
            maxTokens: UInt32(clamping: request.longestAnswer),
            stop: request.stop,
            seed: request.seed,
            sample: UInt32(clamping: request.sample),
            draftLength: model.voice == .expert ? .fixed(0) : request.cascade.draftLength,
            drafterKind: model.voice == .drafter ? .model : request.cascade.drafter ?? .both,
            priority: request.cascade.priority ?? .normal,
            // Log probabilities have the tokens' bytes with them, which nobody else here knows.
            logprobs: request.logprobs.map { UInt32(clamping: $0) } ?? (request.tellsTokens ? 0 : nil),
            constraint: request.constraint.map { OutputConstraint($0) },
            onBehalfOf: request.owner
        )
        switch request.prompt {
        case .text(let text): prompt = text
        case .tokens:
            throw .badParameter("prompt", message: "prompts of token ids are not supported: send the text")
        case .chat(let chat): (format, conversation) = (.chat, Conversation(chat))
        }
        try check(constraintPath: request.constraintPath)
    }

    private func check(constraintPath: String) throws(BackendError) {
        let limits = JobLimits.standard
        if !(1...limits.answerTokens).contains(Int(maxTokens)) {
            throw .badParameter("max_tokens", message: "max_tokens must be 1 to \(limits.answerTokens)")
        }
        if let problem = limits.problem(ofStops: stop) { throw .badParameter("stop", message: problem) }
        if let problem = sampling.problem { throw .badParameter("temperature", message: problem) }
        if let constraint, let problem = limits.problem(of: constraint) ?? Grammar.problem(of: constraint) {
            throw .badParameter(constraintPath, message: problem)
        }
        if !usesDefaultRule, let problem = rule.problem(sampling: sampling) {
            throw .badParameter("cascade", message: problem)
        }
        if let problem = limits.problem(of: self) {
            throw .badParameter(format == .chat ? "messages" : "prompt", message: problem)
        }
    }
}

extension OutputConstraint {
    fileprivate init(_ constraint: CompletionRequest.Constraint) {
        switch constraint {
        case .jsonObject: self = .jsonObject
        case .jsonSchema(let text): self.init(.jsonSchema, text)
        case .grammar(let text): self.init(.grammar, text)
        }
    }
}

extension RuleSettings {
    /// How the drafts of a request are judged.
    fileprivate init(_ options: CompletionRequest.CascadeOptions, model: PoolModel) throws(BackendError) {
        guard model.voice == .pair else {
            if options.rule != nil {
                throw .badParameter(
                    "cascade.rule",
                    message: "\(model.id) answers without a rule: name \(model.pool.name)"
                )
            }
            // A drafter that is asked to stop where its likeliest token has less than no probability never stops.
            self.init(rule: model.voice == .expert ? .lossless : .tokenCascade, alpha: model.voice == .expert ? nil : 1)
            return
        }
        if options.alpha != nil, options.rule?.defaultAlpha == nil {
            let problem =
                options.rule.map { "rule \($0.rawValue) has no alpha" } ?? "alpha is a rule's knob: name a rule"
            throw .badParameter("cascade.alpha", message: problem)
        }
        self.init(rule: options.rule ?? .lossless, alpha: options.alpha)
        if let delta = options.delta { self.delta = delta }
        if let topN = options.topN { self.topN = topN }
        if let method = options.verifyMethod { verifyMethod = method }
    }
}

extension CompletionRequest {
    /// Tokens of the answer, at most: where the request does not say, what the context has room for, as far as jobs may
    /// go. Where each token is told, no answer is longer than can be told.
    fileprivate var longestAnswer: Int {
        let limits = JobLimits.standard
        let most = logprobs != nil || tellsTokens ? limits.explainedTokens : limits.answerTokens
        guard let maxTokens else { return most }
        return tellsTokens && logprobs == nil ? min(maxTokens, most) : maxTokens
    }
}

extension Conversation {
    /// A chat, as the model's template is given it.
    fileprivate init(_ chat: CompletionRequest.Chat) {
        self.init(
            messages: chat.messages.map(ConversationMessage.init),
            tools: chat.toolsJSON.map { Array($0.utf8) },
            templateArguments: chat.templateArgumentsJSON.map { Array($0.utf8) },
            addsGenerationPrompt: chat.addsGenerationPrompt
        )
    }
}

extension ConversationMessage {
    fileprivate init(_ message: ChatMessage) {
        let role: Role =
            switch message.role {
            case .system: .system
            case .developer: .developer
            case .user: .user
            case .assistant: .assistant
            case .tool: .tool
            }
        self.init(
            role: role,
            content: message.content.map { [Array($0.utf8)] } ?? [],
            toolCalls: message.toolCalls.map { call in
                ToolCall(id: Array(call.id.utf8), name: Array(call.name.utf8), arguments: Array(call.arguments.utf8))
            },
            toolCallID: message.toolCallID.map { Array($0.utf8) },
            name: message.name.map { Array($0.utf8) }
        )
    }
}

extension SamplingSettings {
    fileprivate init(_ sampling: CompletionRequest.Sampling) {
        self.init(
            temperature: sampling.temperature,
            topK: sampling.topK,
            topP: sampling.topP,
            minP: sampling.minP,
            presencePenalty: sampling.presencePenalty,
            frequencyPenalty: sampling.frequencyPenalty,
            repetitionPenalty: sampling.repetitionPenalty,
            logitBias: sampling.logitBias.map { CascadeCore.LogitBias(token: $0.token, bias: $0.bias) }
        )
    }
}
