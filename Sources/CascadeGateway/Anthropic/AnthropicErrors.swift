internal import CascadeJSON

extension GatewayError {
    /// The kind of error by Anthropic's names.
    private var anthropicType: String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 504: "timeout_error"
        case 500, 502, 503: "api_error"
        default: "invalid_request_error"
        }
    }

    /// The body of the answer in Anthropic's shape, and the data of an `error` event.
    func anthropicBody(requestID: String) -> JSONValue {
        [
            "type": "error", "error": ["type": .string(anthropicType), "message": .string(message)],
            "request_id": .string(requestID),
        ]
    }
}
