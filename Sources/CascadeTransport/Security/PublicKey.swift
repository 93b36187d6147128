internal import CZeroMQ

/// The public half of a CURVE key: 32 bytes, written as 40 characters of Z85 (RFC 32).
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    /// The 40 characters.
    package let text: String

    /// Reads a key's text; nil unless it is one.
    package init?(_ text: String) {
        guard Z85.isKey(text) else { return nil }
        self.text = text
    }

    /// Takes the 32 bytes that ZeroMQ hands over; nil for another count.
    init?(bytes: [UInt8]) {
        guard bytes.count == Z85.keyBytes else { return nil }
        var characters = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        guard zmq_z85_encode(&characters, bytes, bytes.count) != nil else { return nil }
        text = String(decoding: characters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package var description: String { text }
}
