/// The address of a peer on the coordinator's socket: ZeroMQ's routing id, valid as long as the peer stays connected.
package struct PeerID: Hashable, Comparable, Sendable {
    /// The routing id's bytes; empty where there is only one peer (a DEALER socket's coordinator).
    package var bytes: [UInt8]

    /// Creates a peer address from a routing id.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The one peer of a socket that has only one.
    package static let only = PeerID([])

    package static func < (left: PeerID, right: PeerID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
