internal import CascadeCore

/// A ROUTER gives peers that have no name of their own a 0 and a number of 32 bits, which counts up and around its end
/// (ZeroMQ 4.3).
extension PeerID {
    /// nil where ZeroMQ gives out no such name.
    var number: UInt32? {
        guard bytes.count == 5, bytes[0] == 0 else { return nil }
        return bytes.dropFirst().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Whether it was given out later than another. A DEALER's only peer always is.
    func isLater(than other: PeerID) -> Bool {
        guard let number, let earlier = other.number else { return self == .only }
        return Int32(bitPattern: number &- earlier) > 0
    }
}
