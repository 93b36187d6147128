import CascadeJSON

/// An answer that is an error, in OpenAI's shape. All errors that clients see are made here: nothing else of what went
/// wrong leaves the process.
struct GatewayError: Error, Equatable {
    /// The status of the answer.
    var status: Int
    /// `error.type`: the kind of error, of few.
    var type = "invalid_request_error"
    /// `error.code`: for programs.
    var code: String?
    /// `error.param`: which parameter is meant, by its path in the request, such as `messages[2].role`.
    var param: String?
    /// `error.message`: for people.
    var message: String
    /// Whole seconds after which a new attempt makes sense: `Retry-After`.
    var retryAfter: Int?
    /// The methods that the route takes: `Allow`.
    var allow: String?

    /// The body of the answer, and the data of an event in the middle of a stream.
    var body: JSONValue {
        [
            "error": [
                "message": .string(message), "type": .string(type), "param": .optional(param), "code": .optional(code),
            ]
        ]
    }
}

// What is wrong with a request.
extension GatewayError {
    /// A parameter that makes no sense.
    static func parameter(_ path: String, _ message: String, code: String = "invalid_value") -> GatewayError {
        GatewayError(status: 400, code: code, param: path, message: "\(path): \(message)")
    }

    /// A parameter that is not understood yet: whoever sends it wants something that would be left out.
    static func unsupported(_ path: String, _ what: String) -> GatewayError {
        parameter(path, what, code: "unsupported_parameter")
    }

    static func missing(_ path: String) -> GatewayError {
        parameter(path, "is missing", code: "missing_required_parameter")
    }

    static func notJSON(_ problem: JSONParser.Problem) -> GatewayError {
        GatewayError(
            status: 400,
            code: "invalid_json",
            message: "The body is not JSON: \(problem.message), at byte \(problem.offset)."
        )
    }

    static func bodyTooLarge(_ most: Int) -> GatewayError {
        GatewayError(status: 413, code: "request_too_large", message: "The body has more than \(most) bytes.")
    }

    static let notJSONType = GatewayError(
        status: 415,
        code: "unsupported_media_type",
        message: "The content type has to be application/json."
    )

    static func unknownRoute(_ path: String) -> GatewayError {
        GatewayError(status: 404, code: "unknown_url", message: "There is nothing at this path: \(path)")
    }

    static func wrongMethod(_ method: String, allow: [String]) -> GatewayError {
        let allowed = allow.joined(separator: ", ")
        return GatewayError(
            status: 405,
            code: "method_not_allowed",
            message: "This path does not take \(method), but \(allowed).",
            allow: allowed
        )
    }

    static let noEmbeddings = GatewayError(
        status: 400,
        code: "unsupported_endpoint",
        message: "Embeddings are not served: the models of a cascade write text. Use another server for embeddings."
    )
}

// Who may ask, and how much.
extension GatewayError {
    static let noKey = GatewayError(
        status: 401,
        code: "invalid_api_key",
        message: "An API key is needed: send it as 'Authorization: Bearer KEY'."
    )

    static let wrongKey = GatewayError(status: 401, code: "invalid_api_key", message: "The API key is not known here.")

    static let foreignHost = GatewayError(
        status: 403,
        type: "permission_error",
        code: "host_not_allowed",
        message: "The Host header names a host that this gateway does not answer for. Ask for it by its address or as "
            + "localhost, or allow the name with --allowed-host."
    )

    static let foreignOrigin = GatewayError(
        status: 403,
        type: "permission_error",
        code: "origin_not_allowed",
        message: "Pages of this origin may not use the gateway. Allow the origin with --cors-origin."
    )

    static func limit(_ message: String, retryAfter: Int) -> GatewayError {
        GatewayError(
            status: 429,
            type: "rate_limit_error",
            code: "rate_limit_exceeded",
            message: message,
            retryAfter: max(retryAfter, 1)
        )
    }
}

// What the backend says.
extension GatewayError {
    /// What a client is told of any error. What is not known here becomes ``internalError``.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as GatewayError: error
            case let error as BackendError: GatewayError(backend: error)
            case is CancellationError: .clientClosed
            default: .internalError
            }
    }

    static let internalError = GatewayError(
        status: 500,
        type: "server_error",
        code: "internal_error",
        message: "Something went wrong in the server. Its log says what."
    )

    /// Nobody reads this one, but it is counted: nginx's number.
    static let clientClosed = GatewayError(
        status: 499,
        code: "client_closed_request",
        message: "The client closed the connection."
    )

    static func unavailable(_ code: String, _ message: String, retryAfter: Int) -> GatewayError {
        GatewayError(status: 503, type: "server_error", code: code, message: message, retryAfter: retryAfter)
    }

    private init(backend error: BackendError) {
        switch error {
        case .unknownModel(let name, let known):
            let names = known.map { "'\($0)'" }.joined(separator: ", ")
            self.init(
                status: 404,
                code: "model_not_found",
                param: "model",
                message: "There is no model '\(name)'. "
                    + (known.isEmpty ? "There is none yet." : "There is: \(names).")
            )
        case .badParameter(let name, let message): self = .parameter(name, message)
        case .unknownJob(let job):
            self.init(status: 404, code: "job_not_found", param: "job", message: "There is no job '\(job)'.")
        case .contextExceeded(let message):
            self.init(status: 400, code: "context_length_exceeded", message: message)
        case .queueFull(let seconds):
            self = .limit("The queue is full. Try again later.", retryAfter: seconds)
            code = "queue_full"
        case .ownerLimit(let message, let seconds): self = .limit(message, retryAfter: seconds)
        case .notReady(let message): self = .unavailable("not_ready", message, retryAfter: 5)
        case .unreachable: self = .unavailable("unreachable", "The cluster does not answer.", retryAfter: 5)
        case .shuttingDown: self = .unavailable("shutting_down", "The server is shutting down.", retryAfter: 5)
        case .deadline(let message):
            self.init(status: 504, type: "server_error", code: "deadline_exceeded", message: message)
        case .cancelled: self.init(status: 409, code: "cancelled", message: "The job was cancelled.")
        case .forbidden(let message):
            self.init(status: 403, type: "permission_error", code: "forbidden", message: message)
        case .notSupported(let message): self.init(status: 501, code: "not_supported", message: message)
        case .internal: self = .internalError
        }
    }
}
