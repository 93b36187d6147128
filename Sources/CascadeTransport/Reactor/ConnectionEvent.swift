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
    /// There are as many connections as there may be: for a new one, one that has not sent a message yet was ended.
    /// Once a second at most.
    case crowded(limit: Int)
    /// A connection was ended for a message that is too large, or that did not end, as `reason` says; `peer` is an
    /// address. Once a second at most, however many there are; a `disconnected` follows.
    case cutOff(peer: String, reason: String)
    /// A DEALER's peer broke the protocol, upon which ZeroMQ gives up for good: the socket was replaced by a new one.
    case reopened(endpoint: String)
}
