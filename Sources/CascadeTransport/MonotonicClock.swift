package import CascadeCore
internal import Glibc

/// The one clock of a process's drivers: it never jumps, whatever happens to the wall clock.
package enum MonotonicClock {
    /// Now, on CLOCK_MONOTONIC: nanoseconds since an arbitrary origin that all processes of one boot share.
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return instant(time)
    }

    /// A reading as an instant. One before the origin, which a clock that is made up may show, wraps around: what is
    /// asked for is how much time passed between two.
    static func instant(_ time: timespec) -> Instant {
        let seconds = UInt64(bitPattern: Int64(time.tv_sec))
        return Instant(nanoseconds: seconds &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec)))
    }
}
