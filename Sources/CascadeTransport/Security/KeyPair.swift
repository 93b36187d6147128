internal import CZeroMQ

/// A CURVE key pair. Printing one shows the public half only.
package struct KeyPair: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// What others know the pair by.
    package let publicKey: PublicKey
    /// The secret half, 40 characters of Z85: for key files and ZeroMQ, never for logs.
    package let secretText: String

    /// Makes a new pair. Its public half never begins with `#`, which begins comments in key files.
    package static func make() throws(TransportError) -> KeyPair {
        var publicText = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        var secretText = publicText
        while true {
            if zmq_curve_keypair(&publicText, &secretText) != 0 { throw .zeroMQ("zmq_curve_keypair") }
            let secret = Self.string(secretText)
            guard let pair = KeyPair(secretText: secret), pair.publicKey.text == Self.string(publicText) else {
                throw .system(operation: "zmq_curve_keypair", code: 0, message: "the pair does not fit together")
            }
            if !pair.publicKey.text.hasPrefix("#") { return pair }
        }
    }

    /// The pair that a secret half belongs to; nil unless the text is a key.
    package init?(secretText: String) {
        guard Z85.isKey(secretText) else { return nil }
        var publicText = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        guard zmq_curve_public(&publicText, secretText) == 0, let publicKey = PublicKey(Self.string(publicText)) else {
            return nil
        }
        self.publicKey = publicKey
        self.secretText = secretText
    }

    package var description: String { "key \(publicKey)" }

    package var debugDescription: String { description }

    private static func string(_ characters: [CChar]) -> String {
        String(decoding: characters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
