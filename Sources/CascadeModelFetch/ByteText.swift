/// Byte counts and durations for people.
enum ByteText {
    /// `bytes` in decimal units with one digit behind the point, such as `491.4 MB`.
    static func size(_ bytes: Int) -> String {
        switch bytes {
        case ..<1000: "\(bytes) B"
        case ..<1_000_000: "\(tenths(bytes, per: 1000)) kB"
        case ..<1_000_000_000: "\(tenths(bytes, per: 1_000_000)) MB"
        default: "\(tenths(bytes, per: 1_000_000_000)) GB"
        }
    }

    /// `seconds` as `m:ss` or `h:mm:ss`.
    static func duration(seconds: Int) -> String {
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        let tail = twoDigits(seconds % 60)
        return hours > 0 ? "\(hours):\(twoDigits(minutes)):\(tail)" : "\(minutes):\(tail)"
    }

    private static func tenths(_ bytes: Int, per unit: Int) -> String {
        "\(bytes / unit).\(bytes % unit * 10 / unit)"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
