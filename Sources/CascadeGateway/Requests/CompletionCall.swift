internal import CascadeCore
import CascadeJSON

/// What one HTTP request asks for, checked: one backend request for each choice.
struct CompletionCall: Equatable, Sendable {
    /// Which of the two routes was asked, and so how the answer looks.
    enum Kind: Equatable, Sendable {
        /// `/v1/chat/completions`
        case chat
        /// `/v1/completions`
        case text

        /// The parameter that has the prompt.
        var promptParameter: String { self == .chat ? "messages" : "prompt" }
    }

    /// Which route was asked.
    var kind: Kind
    /// What the backend is asked, choice by choice: the samples of the first prompt, then those of the next.
    var requests: [CompletionRequest]
    /// Whether the answer is a stream.
    var streams: Bool
    /// Whether a stream ends with a chunk that has the usage.
    var includesUsage: Bool
    /// Whether each choice tells its tokens with their origins: `cascade.tokens`.
    var tellsTokens: Bool

    /// The tools that calls are looked for of; nil where there are none.
    var tools: OfferedTools?
    /// Whether reasoning is told apart from content.
    var separatesReasoning: Bool

    /// Reads the body of a request to either route.
    init(kind: Kind, body: JSONValue, limits: RequestLimits, owner: String?) throws(GatewayError) {
        self.kind = kind
        let fields = try Field(request: body)
        try UnsupportedFields.check(fields, kind: kind)
        let streams = try fields["stream"].bool() ?? false
        self.streams = streams
        let options = fields["stream_options"]
        if options.isPresent, !streams { throw .parameter(options.path, "is for streams: set stream to true") }
        _ = try options.object()
        includesUsage = try options["include_usage"].bool() ?? false
        tellsTokens = try fields["cascade"]["tokens"].bool() ?? false

        tools = kind == .chat ? try OfferedTools(fields) : nil
        let includesReasoning = try fields["include_reasoning"].bool() ?? true
        separatesReasoning = kind == .chat && includesReasoning

        let prompts: [CompletionRequest.Prompt] =
            switch kind {
            case .chat: [.chat(try .init(fields, tools: tools, limits: limits))]
            case .text: try TextPrompts.read(fields["prompt"], most: limits.mostChoices)
            }
        let samples: Int = try fields["n"].integer(in: 1...limits.mostChoices) ?? 1
        guard prompts.count * samples <= limits.mostChoices else {
            throw .parameter("n", "\(prompts.count) prompts of \(samples) answers are more than \(limits.mostChoices)")
        }
        var request = CompletionRequest(model: try fields["model"].string(), prompt: prompts[0])
        request.samples = samples
        request.tellsTokens = tellsTokens
        request.owner = owner
        try request.readSampling(fields)
        try request.readEnd(fields, kind: kind)
        try request.readLogprobs(fields, kind: kind)
        try request.readCascade(fields["cascade"])
        try request.readConstraint(fields)
        if let schema = tools?.forcedSchema {
            guard request.constraint == nil else {
                throw .parameter("tool_choice", "has to be 'auto' or 'none' beside another form of the answer")
            }
            (request.constraint, request.constraintPath) = (.jsonSchema(schema), "tools")
        }
        requests = prompts.flatMap { prompt in
            (0..<samples).map { sample in
                var request = request
                request.prompt = prompt
                request.sample = sample
                return request
            }
        }
    }
}

/// How much one request may ask for.
package struct RequestLimits: Equatable, Sendable {
    /// Messages of a chat, at most.
    package var mostMessages = 4_096
    /// Choices of an answer, at most: prompts times `n`.
    package var mostChoices = 64

    /// The defaults.
    package init() {}
}
