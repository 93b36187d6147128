import CascadeCore
import Testing

@testable import CascadeCoordinator

/// What is remembered of a node, and for how long.
struct NodeConductTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)

    private func fault(_ conduct: inout NodeConduct, job: UInt64, at now: Instant = start) -> UInt64? {
        conduct.noteFault("broken", job: JobID(rawValue: job), at: now, pause: 10_000, longestPause: 60_000)
    }

    @Test func faultsWithOneJobMayBeTheJobs() {
        var conduct = NodeConduct()
        for _ in 0..<10 { #expect(fault(&conduct, job: 1) == nil) }
        #expect(conduct.standing(at: Self.start) == .good)
        #expect(fault(&conduct, job: 2) == 10_000)
        #expect(conduct.standing(at: Self.start) == .resting(until: Self.start.advanced(milliseconds: 10_000)))
        #expect(conduct.reason == "broken")
        #expect(fault(&conduct, job: 3) == nil, "it is out of use already")
    }

    @Test func pausesGrowAsLongAsItFails() {
        var conduct = NodeConduct()
        var now = Self.start
        var pauses: [UInt64] = []
        for job in 0..<6 {
            if let pause = fault(&conduct, job: UInt64(job), at: now) {
                pauses.append(pause)
                now = now.advanced(milliseconds: pause)
                #expect(conduct.standing(at: now) == .onTrial)
            }
            // One good answer is not enough.
            conduct.noteAnswer()
        }
        #expect(pauses.starts(with: [10_000, 20_000, 40_000, 60_000]), "\(pauses)")
        for _ in 0..<NodeConduct.trialAnswers { conduct.noteAnswer() }
        #expect(conduct.standing(at: now) == .good)
        #expect(conduct.isClean(at: now))
    }

    /// A fault now and then is borne, one in three answers is not.
    @Test(arguments: [(every: 3, isBorne: false), (20, true), (100, true)])
    func frequencyCounts(every: Int, isBorne: Bool) {
        var conduct = NodeConduct()
        var isOut = false
        for index in 1...400 {
            if index % every == 0 {
                if fault(&conduct, job: UInt64(index)) != nil { isOut = true }
            } else {
                conduct.noteAnswer()
            }
        }
        #expect(isOut != isBorne)
    }

    @Test func reasonsAreCut() {
        var conduct = NodeConduct()
        for job in 1...2 as ClosedRange<UInt64> {
            _ = conduct.noteFault(
                String(repeating: "e\u{301}", count: 5_000),
                job: JobID(rawValue: job),
                at: Self.start,
                pause: 1,
                longestPause: 1
            )
        }
        #expect(conduct.reason.unicodeScalars.count == 200)
    }

    @Test func theTableIsBoundedAndForgetsWhoIsWell() {
        var conducts = NodeConducts()
        for index in 0..<5_000 {
            _ = conducts.note("node-\(index)", at: Self.start) { fault(&$0, job: 1) }
        }
        #expect(conducts.count == NodeConducts.limit)
        #expect(conducts["node-0"] == NodeConduct())
        #expect(conducts["node-4999"] != NodeConduct())
        for _ in 0..<50 { conducts.note("node-4999", at: Self.start) { $0.noteAnswer() } }
        #expect(conducts.count == NodeConducts.limit - 1)
        conducts.note("other", at: Self.start) { $0.noteAnswer() }
        #expect(conducts.count == NodeConducts.limit - 1, "a good answer alone is nothing to remember")
    }

    // MARK: Pace

    @Test func aWatchBelievesWhatIsPlausible() {
        var watch = PaceWatch()
        for waited in [20.0, 75, 25, 400, 30] { watch.observe(waited: waited, expected: 20, own: 20, correction: 1) }
        #expect(watch.factor == nil)
        // Wake-ups are long beside the passes of a tiny model.
        var tiny = PaceWatch()
        for _ in 0..<20 { tiny.observe(waited: 2.5, expected: 0.05, own: 0.05, correction: 1) }
        #expect(tiny.factor == nil)
    }

    @Test func aLieIsFoundInThreeAnswersAndForgottenInOne() throws {
        var watch = PaceWatch()
        watch.observe(waited: 23, expected: 0.001, own: 0.001, correction: 1)
        watch.observe(waited: 43, expected: 0.001, own: 0.001, correction: 1)
        #expect(watch.factor == nil)
        watch.observe(waited: 33, expected: 0.001, own: 0.001, correction: 1)
        let factor = try #require(watch.factor)
        #expect(abs(factor - 20_000) < 1)
        for expected in [0, -1, Double.nan] {
            watch.observe(waited: 5, expected: expected, own: expected, correction: 1)
        }
        watch.observe(waited: .infinity, expected: 1, own: 1, correction: 1)
        #expect(watch.factor == factor)
        watch.observe(waited: 3, expected: 0.001, own: 0.001, correction: 1)
        #expect(watch.factor == nil)
    }

    /// What was outstanding with an answer decides whether the curve is believed, not what is made of it.
    @Test func aFoundLieIsCorrectedByAnAnswersOwnWork() {
        var watch = PaceWatch()
        for _ in 0..<3 { watch.observe(waited: 23, expected: 4, own: 1, correction: 1) }
        #expect(watch.factor == 20)
        var honest = PaceWatch()
        for _ in 0..<3 { honest.observe(waited: 23, expected: 5, own: 1, correction: 1) }
        #expect(honest.factor == nil)
    }

    /// A true curve and passes that are said to be quick are one lie; a slow curve and passes that are quick are none.
    @Test func passesThatAreSaidToBeQuickMustBeQuick() {
        // Alone, and with seven others in the same passes.
        for expected in [20.0, 160] {
            var liar = PaceWatch()
            for _ in 0..<3 { liar.observe(waited: 23, expected: expected, own: 20, correction: 0.1) }
            #expect(liar.factor == 1)
            var fast = PaceWatch()
            for _ in 0..<3 { fast.observe(waited: 8, expected: expected, own: 20, correction: 0.1) }
            #expect(fast.factor == nil)
        }
        // It says itself that it has become slow.
        var slow = PaceWatch()
        for _ in 0..<3 { slow.observe(waited: 203, expected: 20, own: 20, correction: 10) }
        #expect(slow.factor == nil)
    }

    @Test func aPassTakesSomeTime() throws {
        let nothing = try #require(
            PassCosts([CostPoint(rows: 1, milliseconds: 0), CostPoint(rows: 8, milliseconds: 0)])
        )
        #expect(nothing.milliseconds(rows: 4) > 0)
        let curve = try #require(
            PassCosts([CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 4, milliseconds: 12)])
        )
        #expect(curve.most(rows: 1) == 10)
        #expect(curve.most(rows: 400) == 1_200)
    }
}
