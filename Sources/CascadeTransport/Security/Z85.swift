internal import CZeroMQ

/// The text form of CURVE keys.
enum Z85 {
    static let keyBytes = 32
    static let keyCharacters = 40

    /// True for 40 characters that stand for 32 bytes.
    static func isKey(_ text: String) -> Bool {
        // zmq_z85_decode would read beyond its table for what is not ASCII.
        guard text.utf8.count == keyCharacters, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return false }
        var bytes = [UInt8](repeating: 0, count: keyBytes)
        guard zmq_z85_decode(&bytes, text) != nil else { return false }
        // ZeroMQ lets some characters outside of the alphabet pass: what is a key's text comes out again.
        var again = [CChar](repeating: 0, count: keyCharacters + 1)
        guard zmq_z85_encode(&again, bytes, bytes.count) != nil else { return false }
        return again.dropLast().elementsEqual(text.utf8.map { CChar(bitPattern: $0) })
    }
}
