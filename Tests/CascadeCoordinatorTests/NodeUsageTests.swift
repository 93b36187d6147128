import CascadeCore
import Testing

@testable import CascadeCoordinator

struct NodeUsageTests {
    private static func report(uptime: UInt64, busy: UInt64, cpu: UInt64) -> Progress {
        Progress(
            passes: 1,
            pending: 0,
            kvTokensUsed: 0,
            busyMilliseconds: busy,
            uptimeMilliseconds: uptime,
            cpuMilliseconds: cpu
        )
    }

    @Test func sharesAreOfTheTimeBetweenReports() {
        var usage = NodeUsage()
        #expect(usage.busy == nil && usage.cores == nil)
        // Loading took processor time, but no time of the clock that runs once the node is ready.
        usage.take(Self.report(uptime: 0, busy: 0, cpu: 500))
        usage.take(Self.report(uptime: 100, busy: 0, cpu: 4_000))
        #expect(usage.busy == nil && usage.cores == nil)
        usage.take(Self.report(uptime: 1_100, busy: 500, cpu: 5_000))
        #expect(usage.busy == 0.5 && usage.cores == 1)
    }

    @Test func onlyTheLastSecondsCount() {
        var usage = NodeUsage()
        for second in 1...30 as ClosedRange<UInt64> {
            usage.take(Self.report(uptime: second * 1_000, busy: second > 15 ? (second - 15) * 1_000 : 0, cpu: 0))
        }
        #expect(usage.busy == 1)
        // Another process of that name: its clock begins anew.
        usage.take(Self.report(uptime: 10, busy: 0, cpu: 0))
        #expect(usage.busy == nil)
    }
}
