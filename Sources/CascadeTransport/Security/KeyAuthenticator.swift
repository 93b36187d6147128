/// Says whose connections a router takes. Asked on the reactor's thread, once for each handshake: must not block.
package protocol KeyAuthenticator: Sendable {
    /// Whether the owner of this key may connect now. ZeroMQ has made sure that the peer has the secret half.
    func allows(_ key: PublicKey) -> Bool
}
