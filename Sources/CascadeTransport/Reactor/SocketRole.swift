/// Which kind of socket a reactor owns, and where.
package enum SocketRole: Hashable, Sendable {
    /// Listens and talks to many peers by `PeerID`: the coordinator.
    case router(bind: String)
    /// Connects to one router, again and again if need be: nodes and clients. Its only peer is `PeerID.only`.
    case dealer(connect: String)
}
