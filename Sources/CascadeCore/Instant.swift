/// A point on one machine's monotonic clock, in nanoseconds since an arbitrary origin.
///
/// The pure side is handed instants and never reads a clock; instants of two machines are never compared.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's origin.
    package var nanoseconds: UInt64

    /// Creates an instant from nanoseconds since the clock's origin.
    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The instant `milliseconds` after this one.
    package func advanced(milliseconds: UInt64) -> Instant {
        Instant(nanoseconds: nanoseconds &+ milliseconds &* 1_000_000)
    }

    /// Milliseconds from `earlier` to this instant; 0 when `earlier` is later.
    package func milliseconds(since earlier: Instant) -> Double {
        nanoseconds <= earlier.nanoseconds ? 0 : Double(nanoseconds - earlier.nanoseconds) / 1e6
    }
}
