package import CascadeCore
internal import Glibc

/// The one clock of a process's drivers: it never jumps, whatever happens to the wall clock.
package enum MonotonicClock {
    /// Now, on CLOCK_MONOTONIC: nanoseconds since an arbitrary origin that all processes of one boot share.
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }
}
