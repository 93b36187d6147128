internal import Foundation

/// Processor time of this process.
package enum ProcessorTime {
    /// Milliseconds since the process's start, of all its threads, in the program and in the kernel for it.
    package static func milliseconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) * 1_000 + Double(time.tv_nsec) / 1_000_000
    }
}
