/// What answers the gateway's requests: a cluster, or a test's stand-in for one.
///
/// Where a method throws something other than a ``BackendError``, clients are told of an internal error and nothing
/// else.
package protocol CompletionBackend: Sendable {
    /// What can be asked for.
    func models() async throws -> [ServedModel]

    /// Whether a request would be answered now.
    func readiness() async -> Readiness

    /// Asks for one answer, at once, and tells what becomes of it.
    ///
    /// The stream yields ``CompletionEvent/accepted(_:)`` first, then any number of other events and
    /// ``CompletionEvent/finished(_:)`` last, behind which it ends; or it fails with a ``BackendError``. A stream that
    /// ends without either counts as an internal error.
    ///
    /// Whoever iterates it cancels the job by cancelling the task: the stream's `onTermination` is called at once, with
    /// `.cancelled`, and has to cancel the job. It is also called so when the stream is dropped.
    func complete(_ request: CompletionRequest) -> AsyncThrowingStream<CompletionEvent, any Error>

    /// The tokens of a text; throws ``BackendError/notSupported(_:)`` where the backend cannot say.
    func tokenize(_ request: TokenizeRequest) async throws -> [TokenPiece]

    /// The text of tokens; throws ``BackendError/notSupported(_:)`` where the backend cannot say.
    ///
    /// - Parameter model: as in ``CompletionRequest/model``.
    func detokenize(_ tokens: [UInt32], model: String?) async throws -> [UInt8]

    /// What the cluster has counted; nil where it does not answer.
    func metrics() async -> ClusterMetrics?

    /// A report as the bytes of a JSON document.
    ///
    /// - Parameter owner: whose eyes it is for, as in ``CompletionRequest/owner``: nothing of other owners is in it.
    func report(_ report: ClusterReport, owner: String?) async throws -> [UInt8]

    /// Ends a job by its name; nothing happens where it has ended. Throws ``BackendError/unknownJob(_:)`` where there
    /// is none, and just so where it is another owner's.
    ///
    /// - Parameter owner: as in ``CompletionRequest/owner``.
    func cancel(job: String, owner: String?) async throws
}

/// Something that can be named as `model` in a request.
package struct ServedModel: Equatable, Sendable {
    /// The name: a pool's, as a rule.
    package var id: String
    /// The rule where the request names none, as `--rule` takes it.
    package var rule: String
    /// That rule's knob; nil for a rule without one.
    package var alpha: Double?
    /// The model that drafts; nil where none does.
    package var drafter: String?
    /// The model whose answers these are; nil while no expert is there to say.
    package var expert: String?
    /// Tokens of prompt and answer together, at most; nil while that is not known.
    package var contextLength: Int?

    /// Creates the value from its parts.
    package init(
        id: String,
        rule: String,
        alpha: Double? = nil,
        drafter: String? = nil,
        expert: String? = nil,
        contextLength: Int? = nil
    ) {
        self.id = id
        self.rule = rule
        self.alpha = alpha
        self.drafter = drafter
        self.expert = expert
        self.contextLength = contextLength
    }
}

/// Whether requests would be answered.
package struct Readiness: Equatable, Sendable {
    /// Whether every model that is served can answer.
    package var isReady: Bool
    /// What is missing, for people; empty where nothing is.
    package var note: String

    /// Creates the value from its parts.
    package init(isReady: Bool, note: String = "") {
        self.isReady = isReady
        self.note = note
    }
}

/// A text whose tokens are asked for.
package struct TokenizeRequest: Equatable, Sendable {
    /// As in ``CompletionRequest/model``.
    package var model: String?
    /// The text, or a chat that the model's template writes out.
    package var prompt: CompletionRequest.Prompt
    /// Whether a text gets what the model expects at a text's beginning, such as a token that marks it.
    package var addsSpecialTokens: Bool

    /// Creates the value from its parts.
    package init(model: String?, prompt: CompletionRequest.Prompt, addsSpecialTokens: Bool = true) {
        self.model = model
        self.prompt = prompt
        self.addsSpecialTokens = addsSpecialTokens
    }
}

/// A token and the bytes that it stands for.
package struct TokenPiece: Equatable, Sendable {
    /// Its number.
    package var id: UInt32
    /// Its bytes, not always whole characters.
    package var bytes: [UInt8]

    /// Creates the value from its parts.
    package init(id: UInt32, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }
}
