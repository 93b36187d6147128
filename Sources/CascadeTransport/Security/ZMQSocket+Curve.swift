internal import CZeroMQ

extension ZMQSocket {
    /// Makes the socket a CURVE server, whose peers the ZAP handler of its context has to allow.
    func serveCurve(_ pair: KeyPair, domain: String) throws(TransportError) {
        try set(ZMQ_CURVE_SERVER, "CURVE_SERVER", 1)
        try set(ZMQ_CURVE_SECRETKEY, "CURVE_SECRETKEY", text: pair.secretText)
        // Without a domain ZeroMQ asks nobody, and without enforcement it goes on when nobody answers.
        try set(ZMQ_ZAP_DOMAIN, "ZAP_DOMAIN", text: domain)
        try set(csz_zap_enforce_domain, "ZAP_ENFORCE_DOMAIN", 1)
    }

    /// Makes the socket a CURVE client of the one server that has this key.
    func useCurve(_ pair: KeyPair, router: PublicKey) throws(TransportError) {
        try set(ZMQ_CURVE_SERVERKEY, "CURVE_SERVERKEY", text: router.text)
        try set(ZMQ_CURVE_PUBLICKEY, "CURVE_PUBLICKEY", text: pair.publicKey.text)
        try set(ZMQ_CURVE_SECRETKEY, "CURVE_SECRETKEY", text: pair.secretText)
    }
}
