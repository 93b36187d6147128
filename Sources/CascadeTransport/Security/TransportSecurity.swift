/// How a reactor's socket protects its connections.
package enum TransportSecurity: Sendable {
    /// Not at all: for loopback, ipc, and networks that are private by themselves.
    case none
    /// A router that proves who it is by its own pair, and takes the peers that the authenticator allows.
    case server(KeyPair, any KeyAuthenticator)
    /// A dealer that proves who it is by its own pair, and talks to the owner of the router's key only.
    case client(KeyPair, router: PublicKey)

    /// Whether connections are encrypted and peers known by their keys.
    package var isCurve: Bool {
        if case .none = self { false } else { true }
    }

    /// Applies the keys to a socket. Must come before it is bound or connected.
    func apply(to socket: ZMQSocket) throws(TransportError) {
        switch self {
        case .none: break
        case .server(let pair, _): try socket.serveCurve(pair, domain: ZAPHandler.domain)
        case .client(let pair, let router): try socket.useCurve(pair, router: router)
        }
    }
}
