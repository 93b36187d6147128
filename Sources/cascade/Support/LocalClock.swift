internal import Foundation

/// What the user's clock on the wall shows.
enum LocalClock {
    /// Seconds since the beginning of 1970 in the user's time zone, for chat templates that print the date.
    static func seconds() -> UInt64 {
        let now = Date()
        return UInt64(max(0, now.timeIntervalSince1970 + Double(TimeZone.current.secondsFromGMT(for: now))))
    }
}
