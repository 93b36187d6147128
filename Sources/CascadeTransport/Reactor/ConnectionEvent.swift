/// What ZeroMQ's socket monitor saw. Events are hints: they name no `PeerID`, and a silent peer causes none.
///
/// A `disconnected` is held back for a few milliseconds, so that by then ZeroMQ has dropped the peer's queue: a router
/// that sends something small to every peer it knows learns from `SendResult.unreachable` which one it was.
/// Peers that speak ZMTP 1 or 2 are served without a `connected`.
package enum ConnectionEvent: Hashable, Sendable {
    /// A connection finished its handshake.
    case connected(endpoint: String)
    /// A connection ended, or was given up before its handshake was finished.
    case disconnected(endpoint: String)
    /// A DEALER has no connection and tries again after `milliseconds`.
    case retrying(endpoint: String, milliseconds: UInt32)
    /// A connection was given up during its handshake; a `disconnected` follows.
    case handshakeFailed(endpoint: String, failure: HandshakeFailure)
    /// Connections have used up nearly all descriptors that the process may have; more wait until some are given back.
    /// Once a second at most.
    case descriptorsScarce(endpoint: String, limit: Int)
    /// A DEALER's peer broke the protocol, upon which ZeroMQ gives up for good: the socket was replaced by a new one.
    case reopened(endpoint: String)
}
