package import CascadeCore
internal import CascadeTransport

/// Readings of the monotonic clock for people: seconds since some reading of the same process.
package enum MonotonicTime {
    /// Now.
    package static func now() -> Instant { MonotonicClock.now() }

    /// Seconds since an earlier reading.
    package static func seconds(since start: Instant) -> Double {
        now().milliseconds(since: start) / 1_000
    }
}
