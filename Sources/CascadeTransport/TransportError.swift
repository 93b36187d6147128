package import CascadeHost

/// Why a reactor could not start, or why it stopped by itself. The description names the endpoint and says what to do.
package enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The endpoint's text is wrong, or cannot be used as asked.
    case badEndpoint(endpoint: String, reason: String)
    /// Another process (or another reactor of this one) listens there already.
    case addressInUse(endpoint: String)
    /// No interface of this host has that address or name.
    case addressNotAvailable(endpoint: String)
    /// The process may not listen there.
    case permissionDenied(endpoint: String)
    /// An option is outside its range or contradicts another.
    case badOption(name: String, reason: String)
    /// The host does not give what is needed: a thread.
    case host(HostError)
    /// A call into ZeroMQ or the system failed: `code` is its errno, `message` what that means.
    case system(operation: String, code: Int32, message: String)

    package var description: String {
        switch self {
        case .badEndpoint(let endpoint, let reason):
            "cannot use endpoint \"\(endpoint)\": \(reason)"
        case .addressInUse(let endpoint):
            "cannot listen on \(endpoint): it is in use; stop the process that listens there, or choose another port "
                + "(port 0 takes a free one) or path"
        case .addressNotAvailable(let endpoint):
            "cannot listen on \(endpoint): this host has no such address or interface; use one of its own addresses, "
                + "such as tcp://127.0.0.1:5570, or tcp://*:5570 for all of them"
        case .permissionDenied(let endpoint):
            "cannot listen on \(endpoint): permission denied; use a port above 1023, or a folder this user may write to"
        case .badOption(let name, let reason):
            "transport option \(name): \(reason)"
        case .host(let error): "\(error)"
        case .system(let operation, let code, let message):
            "\(operation) failed: \(message) (errno \(code))"
        }
    }
}
