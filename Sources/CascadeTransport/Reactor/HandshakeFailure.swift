/// Why ZeroMQ gave a connection up before its handshake was finished.
package enum HandshakeFailure: Hashable, Sendable, CustomStringConvertible {
    /// The router does not allow the dealer's key.
    case keyNotAllowed
    /// One side demands keys and the other has none.
    case securityDiffers
    /// The other side hung up: the router of another key than the dealer expects does that, without a word.
    case hungUp
    /// Another cause, for people.
    case other(String)

    package var description: String {
        switch self {
        case .keyNotAllowed: "the key is not allowed"
        case .securityDiffers: "one side demands keys, the other has none"
        case .hungUp: "the other side hung up"
        case .other(let reason): reason
        }
    }
}
