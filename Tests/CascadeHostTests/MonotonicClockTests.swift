import CascadeCore
import Glibc
import Testing

@testable import CascadeHost

struct MonotonicClockTests {
    /// As `faketime` shows them for years before 1970.
    @Test func readingsBeforeTheOriginKeepTheirDistance() {
        let readings = [(-2, 500_000_000), (-1, 0), (-1, 999_999_999)].map {
            MonotonicClock.instant(timespec(tv_sec: $0, tv_nsec: $1))
        }
        #expect(readings[1].milliseconds(since: readings[0]) == 500)
        #expect(readings[2].milliseconds(since: readings[1]) == 999.999999)
        #expect(MonotonicClock.instant(timespec(tv_sec: 2, tv_nsec: 3)).nanoseconds == 2_000_000_003)
    }

    @Test func timePasses() {
        let first = MonotonicClock.now()
        #expect(MonotonicClock.now() >= first)
    }
}
