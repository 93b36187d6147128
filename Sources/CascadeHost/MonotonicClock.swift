package import CascadeCore
internal import Foundation

/// The one clock of a process's drivers: it never jumps, whatever happens to the wall clock.
package enum MonotonicClock {
    /// Now, on CLOCK_MONOTONIC: nanoseconds since an arbitrary origin that all processes of one boot share.
    package static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return instant(time)
    }

    /// Seconds since an earlier reading.
    package static func seconds(since start: Instant) -> Double {
        now().milliseconds(since: start) / 1_000
    }

    /// A reading as an instant. One before the origin, which a clock that is made up may show, wraps around: what is
    /// asked for is how much time passed between two.
    static func instant(_ time: timespec) -> Instant {
        let seconds = UInt64(bitPattern: Int64(time.tv_sec))
        return Instant(nanoseconds: seconds &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec)))
    }
}

/// Processor time of this process.
package enum ProcessorTime {
    /// Milliseconds since the process's start, of all its threads, in the program and in the kernel for it.
    package static func milliseconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) * 1_000 + Double(time.tv_nsec) / 1_000_000
    }
}
