/// The checksum of rows: CRC-32C (Castagnoli; RFC 3720, appendix B.4).
struct CRC32C {
    /// For each byte, what it does to the register.
    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { register, _ in
            register & 1 == 1 ? (register >> 1) ^ 0x82F6_3B78 : register >> 1
        }
    }

    private var register = UInt32.max

    /// The checksum of what was added.
    var value: UInt32 { ~register }

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { register = (register >> 8) ^ Self.table[Int(UInt8(truncatingIfNeeded: register) ^ byte)] }
    }
}
