internal import ArgumentParser

/// Numbers of options as people write them: `0.3`, `-1`, `1e-3`. Swift's own conversions also take `0x10`, `inf` and
/// `nan`.
enum DecimalNumber {
    /// The number; nil for any other text.
    static func value(_ text: some StringProtocol) -> Double? {
        let isDecimal = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Reads the text of an option.
    static func parse(_ text: String) throws -> Double {
        guard let value = value(text) else { throw ValidationError("it must be a decimal number, such as 0.3") }
        return value
    }

    /// Reads the key of random streams.
    static func parseSeed(_ text: String) throws -> UInt64 {
        guard let seed = UInt64(text) else { throw ValidationError("it must be 0 to \(UInt64.max)") }
        return seed
    }
}
