import CascadeCore
import Testing

@testable import CascadeWorker

/// Whether an engine is stuck or busy.
struct EngineWatchTests {
    private func progress(_ passes: UInt64, pending: UInt32) -> Progress {
        Progress(passes: passes, pending: pending, kvTokensUsed: 0, busyMilliseconds: 0)
    }

    @Test func anEngineThatEndsNoPassIsStuck() {
        let costs = EngineStatus.State.ready([
            CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 2, milliseconds: 20),
        ])
        var now = Instant(nanoseconds: 1_000_000_000)
        var watch = EngineWatch(maxBatchedTokens: 64, now: now)
        /// Looks every second; what the last look said.
        func look(_ seconds: Int, _ progress: Progress, _ engine: EngineStatus.State) -> UInt64 {
            var said: UInt64 = 0
            for _ in 0..<seconds {
                now = now.advanced(milliseconds: 1_000)
                said = watch.look(EngineStatus(state: engine, progress: progress), now: now)
            }
            return said
        }
        #expect(look(60, progress(0, pending: 3), .loading) == 0, "loading")
        #expect(look(3, progress(0, pending: 3), costs) == 0, "loaded with work at hand")
        #expect(look(60, progress(0, pending: 0), costs) == 0, "idle")
        for passes in 1...20 { #expect(look(4, progress(UInt64(passes), pending: 3), costs) == 0, "busy") }
        #expect(look(2, progress(20, pending: 3), costs) == 0)
        #expect(look(4, progress(20, pending: 3), costs) > 5_000)
        #expect(look(1, progress(21, pending: 3), costs) == 0)
        // The whole process stood still for a minute.
        now = now.advanced(milliseconds: 60_000)
        #expect(look(4, progress(21, pending: 3), costs) == 0)
        #expect(look(2, progress(22, pending: 3), costs) == 0)
        let slow = EngineStatus.State.ready([CostPoint(rows: 1, milliseconds: 4_000)])
        #expect(look(30, progress(22, pending: 3), slow) == 0, "a slow machine")
        #expect(look(4, progress(22, pending: 3), slow) > 32_000)
        // A file that is never read to its end.
        var loading = EngineWatch(maxBatchedTokens: 64, now: now)
        for second in 1...700 {
            now = now.advanced(milliseconds: 1_000)
            let said = loading.look(EngineStatus(state: .loading, progress: progress(0, pending: 0)), now: now)
            #expect((said > 0) == (second > 600))
        }
    }
}
