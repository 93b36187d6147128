package import CascadeCore

/// One answer that is asked for: one sample of one prompt.
package struct CompletionRequest: Equatable, Sendable {
    /// What is to be answered.
    package enum Prompt: Equatable, Sendable {
        /// A chat that the model's own template writes out.
        case chat(Chat)
        /// A text that is sent as it is, UTF-8.
        case text([UInt8])
        /// Tokens by their numbers.
        case tokens([UInt32])
    }

    /// A chat, with what its template is given.
    package struct Chat: Equatable, Sendable {
        /// What was said so far.
        package var messages: [ChatMessage]
        /// The tools on offer as the text of a JSON array in the client's own order of keys; nil where there are none.
        package var toolsJSON: String?
        /// Further variables of the template as the text of a JSON object; nil where there are none.
        package var templateArgumentsJSON: String?
        /// Whether the template opens the assistant's turn behind the last message.
        package var addsGenerationPrompt: Bool

        /// Creates the value from its parts.
        package init(
            messages: [ChatMessage],
            toolsJSON: String? = nil,
            templateArgumentsJSON: String? = nil,
            addsGenerationPrompt: Bool = true
        ) {
            self.messages = messages
            self.toolsJSON = toolsJSON
            self.templateArgumentsJSON = templateArgumentsJSON
            self.addsGenerationPrompt = addsGenerationPrompt
        }
    }

    /// How the next token's distribution is made. All numbers are within the ranges that HTTP allows.
    package struct Sampling: Equatable, Sendable {
        /// 0 for greedy, at most 2.
        package var temperature = 1.0
        /// In (0, 1]; 1 keeps all.
        package var topP = 1.0
        /// 0 keeps all.
        package var topK = 0
        /// In [0, 1); 0 keeps all.
        package var minP = 0.0
        /// -2...2, taken from the logit of each token that the answer has.
        package var presencePenalty = 0.0
        /// -2...2, taken from a token's logit once for each time that the answer has it.
        package var frequencyPenalty = 0.0
        /// Above 0, at most 2: tokens of prompt and answer become less likely above 1.
        package var repetitionPenalty = 1.0
        /// Added to logits, -100...100, by token, in the order of tokens.
        package var logitBias: [LogitBias] = []

        /// The defaults of HTTP.
        package init() {}
    }

    /// What is added to one token's logit.
    package struct LogitBias: Equatable, Sendable {
        /// The token.
        package var token: UInt32
        /// -100...100.
        package var bias: Double

        /// Creates the value from its parts.
        package init(token: UInt32, bias: Double) {
            self.token = token
            self.bias = bias
        }
    }

    /// What the text of the answer has to be.
    package enum Constraint: Equatable, Sendable {
        /// Any JSON object.
        case jsonObject
        /// JSON of a schema, which is the text of one.
        case jsonSchema(String)
        /// What a grammar in GBNF allows.
        case grammar(String)
    }

    /// The `cascade` object of a request. What is nil is left to the cluster.
    package struct CascadeOptions: Equatable, Sendable {
        /// How drafts are judged.
        package var rule: RuleSettings.Rule?
        /// The rule's knob.
        package var alpha: Double?
        /// The second knob of `typical`.
        package var delta: Double?
        /// The second knob of `top-k-delta`.
        package var topN: Int?
        /// Tokens drafted per round.
        package var draftLength: DraftLength?
        /// How a draft is walked.
        package var verifyMethod: RuleSettings.VerifyMethod?
        /// What may draft.
        package var drafter: DrafterKind?
        /// Which of its owner's jobs get room first.
        package var priority: Priority?

        /// Everything is left to the cluster.
        package init() {}
    }

    /// What was asked for as `model`; nil where the request names none, and the backend takes its default.
    package var model: String?
    /// What is to be answered.
    package var prompt: Prompt
    /// How rows are made from logits.
    package var sampling = Sampling()
    /// Most tokens of the answer; nil for as many as the context has room for.
    package var maxTokens: Int?
    /// Strings that end the answer, without themselves. None is empty.
    package var stop: [[UInt8]] = []
    /// Key of the random streams; nil lets the cluster draw one.
    package var seed: UInt64?
    /// Which of several samples of one prompt, from 0: with the same seed each is another answer.
    package var sample = 0
    /// How many samples of this prompt are asked for, at least 1: backends may read the prompt once for all.
    package var samples = 1
    /// How many of the likeliest tokens are told beside each token, 0...20; nil where no log-probabilities are asked
    /// for.
    package var logprobs: Int?
    /// Whether the bytes of each token are told.
    package var tellsTokens = false
    /// What the text has to be; nil: anything.
    package var constraint: Constraint?
    /// The parameter that said so; empty where none did.
    package var constraintPath = ""
    /// The project's own options.
    package var cascade = CascadeOptions()
    /// Whose request it is: the name behind the API key; nil where the gateway has no keys.
    package var owner: String?

    /// A request with the defaults of HTTP.
    package init(model: String?, prompt: Prompt) {
        self.model = model
        self.prompt = prompt
    }
}
