/// Why a backend does not answer. Messages are for clients: they say nothing of hosts, paths or code.
package enum BackendError: Error, Equatable, Sendable {
    /// Nothing is served by this name.
    case unknownModel(String, known: [String])
    /// A parameter makes no sense; its name as the request has it, such as `cascade.alpha`.
    case badParameter(String, message: String)
    /// There is no such job, or it is none of the owner's.
    case unknownJob(String)
    /// Prompt and answer do not fit the model's context.
    case contextExceeded(message: String)
    /// Queues are full; whole seconds after which a new attempt makes sense.
    case queueFull(retryAfter: Int)
    /// The owner has all that its limits allow, which the message names; whole seconds as above.
    case ownerLimit(message: String, retryAfter: Int)
    /// The cluster lacks what it needs, for now: the message says what.
    case notReady(message: String)
    /// No coordinator answers.
    case unreachable
    /// The coordinator, or the gateway, is leaving.
    case shuttingDown
    /// The job's deadline passed, or cannot be met.
    case deadline(message: String)
    /// Somebody cancelled the job by its name.
    case cancelled
    /// The owner of the gateway's key may not do this.
    case forbidden(message: String)
    /// The backend has no such ability: which.
    case notSupported(String)
    /// Anything else. The description is logged, and clients do not see it.
    case `internal`(String)
}
