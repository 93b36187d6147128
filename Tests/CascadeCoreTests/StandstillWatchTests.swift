import Testing

@testable import CascadeCore

struct StandstillWatchTests {
    private static func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test func whoLooksNowAndThenDoesNotStandStill() {
        var watch = StandstillWatch(now: Self.at(0))
        let looks = (1...100).map { watch.look(now: Self.at($0 * 1_000)) }
        #expect(!looks.contains(true))
    }

    @Test func aLongGapIsToldOnce() {
        var watch = StandstillWatch(now: Self.at(0))
        let looks = [3_000, 6_001, 6_002].map { watch.look(now: Self.at($0)) }
        #expect(looks == [false, true, false])
    }
}
