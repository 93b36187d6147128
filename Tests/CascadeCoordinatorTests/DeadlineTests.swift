import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Jobs with deadlines: which are refused at once, when the others end, and what is left of them.
@Suite struct DeadlineTests {
    private static func submission(
        _ harness: inout Harness,
        deadline: UInt32?,
        _ prompt: String = "hello",
        maxTokens: UInt32 = 20
    ) -> Submit {
        var submit = harness.submission(prompt, maxTokens: maxTokens)
        submit.deadlineMilliseconds = deadline
        return submit
    }

    // MARK: Passed

    @Test func theAnswerSoFarIsKept() throws {
        var harness = Harness.pair()
        let job = harness.submit(Self.submission(&harness, deadline: 2_000, maxTokens: 200))
        harness.settle(steps: 30)
        harness.mute("expert")
        harness.wait(milliseconds: 1_900)
        #expect(harness.report(job) == nil)
        harness.wait(milliseconds: 100)
        let report = try #require(harness.report(job))
        #expect(report.reason == .error && report.error?.code == .deadlineExceeded)
        #expect(report.tokens.count > 4 && (2_000..<2_100).contains(report.totalMilliseconds))
        let count = report.tokens.count
        #expect(report.tokens == Toy.answer(prompt: Toy.tokens(Array("hello".utf8)), count: count))
        #expect(report.error?.message.contains("the deadline of 2 s passed after \(count) tokens") == true)
        #expect(harness.machine.transitions[.deadlinePassed] == 1 && harness.machine.jobs.count == 0)
    }

    /// What waits counts as well, and the driver is told when to come.
    @Test func waitingCounts() throws {
        var harness = Harness()
        let first = harness.submit(Self.submission(&harness, deadline: 700))
        let second = harness.submit(Self.submission(&harness, deadline: 300))
        let third = harness.submit(Self.submission(&harness, deadline: nil))
        #expect(harness.machine.nextDeadline == harness.now.advanced(milliseconds: 300))
        harness.wait(milliseconds: 300)
        #expect(harness.report(second)?.error?.message.contains("300 ms passed before the first token") == true)
        #expect(harness.report(first) == nil)
        #expect(harness.machine.nextDeadline == harness.now.advanced(milliseconds: 400))
        harness.wait(milliseconds: 400)
        #expect(harness.report(first)?.error?.code == .deadlineExceeded)
        harness.wait(milliseconds: 5_000)
        #expect(harness.report(third) == nil && harness.machine.pendingJobs.last == third)
    }

    /// A job that is done in time has no deadline any more.
    @Test func whoIsDoneInTimeIsNotEnded() {
        var harness = Harness.pair()
        let job = harness.submit(Self.submission(&harness, deadline: 60_000))
        harness.settle()
        #expect(harness.report(job)?.reason == .length)
        harness.wait(milliseconds: 70_000)
        #expect(harness.machine.transitions[.deadlinePassed] == 0)
    }

    @Test(arguments: [0, 604_800_001])
    func whatIsNoDeadlineIsRefused(_ deadline: UInt32) {
        var harness = Harness()
        #expect(harness.submit(Self.submission(&harness, deadline: deadline)) == nil)
        #expect(harness.refusals().last?.code == .badRequest)
    }

    // MARK: Restarts

    /// The deadline is in the journal, and what an answer had taken when its last tokens were written down counts.
    @Test func aRestartForgetsNoDeadline() throws {
        var harness = Harness(keepsJournal: true)
        harness.join(ToyNode("expert", .expert))
        harness.mute("expert")
        harness.feed(.submit(Self.submission(&harness, deadline: 5_000, maxTokens: 200)))
        harness.feed(.submit(Self.submission(&harness, deadline: 4_000)))
        let (first, second) = (harness.machine.pendingJobs[0], harness.machine.pendingJobs[1])
        harness.wait(milliseconds: 3_000)
        harness.unmute("expert")
        harness.settle(steps: 20)
        let tokens = harness.machine.jobs[first]?.answer.tokens.count ?? 0
        #expect(tokens > 0)

        var next = Harness(keepsJournal: true)
        next.feed(.restored(JournaledJob.jobs(harness.records.filter { $0.job == first })))
        #expect(next.machine.nextDeadline == next.now.advanced(milliseconds: 1_000))
        next.wait(milliseconds: 1_900)
        #expect(next.machine.pendingJobs == [first])
        next.wait(milliseconds: 100)
        let ended = try #require(next.machine.finished[first]?.report)
        #expect(ended.error?.code == .deadlineExceeded && ended.tokens.count == tokens)
        // Of one that has no tokens, only the time since the start is known.
        let accepted = harness.records.filter { $0.job == second }.prefix(1)
        var third = Harness(keepsJournal: true)
        third.feed(.restored(JournaledJob.jobs(Array(accepted))))
        third.wait(milliseconds: 3_900)
        #expect(third.machine.pendingJobs == [second])
        third.wait(milliseconds: 100)
        #expect(third.machine.finished[second]?.report.error?.code == .deadlineExceeded)
    }

    // MARK: Refused at once

    /// One sequence at a time, of an expert whose pass takes 10 ms, with a drafter that is not asked.
    private static func busy(
        hasHistory: Bool,
        interactiveFirst: Bool = false,
        maxNumSeqs: Int = 1,
        kvTokens: UInt32 = 4_096
    ) -> Harness {
        var limits = CoordinatorLimits()
        (limits.maxNumSeqs, limits.draftLength, limits.interactiveFirst) = (maxNumSeqs, .fixed(0), interactiveFirst)
        // Where the cache is small, it has room for one job's longest answer.
        limits.reservedTokensPerSequence = 1_000
        var harness = Harness(limits: limits, keepsJournal: true)
        harness.join(ToyNode("expert", .expert, kvTokens: kvTokens))
        if hasHistory {
            // Ten tokens of twenty at most: it ends at a stop string.
            var submit = harness.submission("history", maxTokens: 20)
            let answer = Toy.answer(prompt: Toy.tokens(submit.prompt), count: 10)
            submit.stop = [Toy.text(Array(answer.suffix(5)))]
            harness.feed(.submit(submit))
            harness.settle()
        }
        harness.mute("expert")
        // It has a place, and should get 100 tokens.
        harness.feed(.submit(harness.submission("runs", maxTokens: 200)))
        return harness
    }

    /// With 1 s for the running sequence, and 0.5 s for each that waits for it: those who come when three wait have
    /// their first tokens in about 2.5 s. Half of that is not refused.
    @Test(arguments: [
        (true, 3, 1_000, false), (true, 3, 1_200, false), (true, 3, 1_300, true), (true, 3, 60_000, true),
        (true, 0, 400, false), (true, 0, 600, true), (false, 3, 1_000, true), (false, 3, 1, false),
    ])
    func whatCannotBeMetIsRefused(_ hasHistory: Bool, _ waiting: Int, _ deadline: UInt32, _ isAccepted: Bool) throws {
        var harness = Self.busy(hasHistory: hasHistory)
        for number in 0..<waiting { harness.feed(.submit(harness.submission("waits \(number)", maxTokens: 100))) }
        let (records, jobs, keys) = (
            harness.records.count, harness.machine.jobs.count, harness.machine.jobs.submissionCount
        )
        var submit = Self.submission(&harness, deadline: deadline, "another one")
        harness.feed(.submit(submit))
        guard !isAccepted else {
            #expect(harness.refusals().isEmpty && harness.machine.jobs.count == jobs + 1)
            return
        }
        let refusal = try #require(harness.refusals().last)
        #expect(refusal.code == .deadlineTooShort && refusal.requestID == submit.requestID)
        #expect(refusal.message.contains("cannot be met: the first token would come in about "))
        if waiting > 0 { #expect(refusal.message.contains("behind 3 jobs that came before")) }
        #expect(harness.records.count == records && harness.machine.jobs.count == jobs)
        #expect(harness.machine.jobs.submissionCount == keys && harness.machine.nextDeadline != nil)
        #expect(harness.machine.transitions[.deadlineRefused] == 1)
        // Nothing of it is left: its key may be used for something else.
        submit.deadlineMilliseconds = nil
        harness.feed(.submit(submit))
        #expect(harness.refusals().count == 1 && harness.machine.jobs.count == jobs + 1)
    }

    @Test func theEstimateIsNamed() throws {
        var harness = Self.busy(hasHistory: true)
        for number in 0..<3 { harness.feed(.submit(harness.submission("waits \(number)", maxTokens: 100))) }
        harness.feed(.submit(Self.submission(&harness, deadline: 500, "another one")))
        let message = try #require(harness.refusals().last?.message)
        #expect(message.hasPrefix("the deadline of 500 ms cannot be met: the first token would come in about 2.5 s"))
        #expect(message.contains("allow more time with --deadline, name another pool with --pool, or try again later"))
    }

    /// Jobs with deadlines of their own hold nobody up for longer.
    @Test func othersDeadlinesCount() {
        var harness = Self.busy(hasHistory: true)
        for number in 0..<3 {
            harness.feed(.submit(Self.submission(&harness, deadline: 1_500, "waits \(number)", maxTokens: 100)))
        }
        harness.feed(.submit(Self.submission(&harness, deadline: 800, "another one")))
        #expect(harness.refusals().isEmpty)
    }

    /// Where an expert has no room although more may run, the end of one may make room for all who wait.
    @Test(arguments: [(400, false), (600, true)])
    func oneEndMakesRoomForAll(_ deadline: UInt32, _ isAccepted: Bool) {
        var harness = Self.busy(hasHistory: true, maxNumSeqs: 8, kvTokens: 220)
        for number in 0..<3 { harness.feed(.submit(harness.submission("waits \(number)", maxTokens: 100))) }
        #expect(harness.machine.jobs.running.count == 1)
        harness.feed(.submit(Self.submission(&harness, deadline: deadline, "another one")))
        #expect(harness.refusals().isEmpty == isAccepted)
    }

    /// A job that is followed does not wait for detached ones, where those go behind it.
    @Test(arguments: [false, true])
    func thoseThatItPassesDoNotCount(_ interactiveFirst: Bool) {
        var harness = Self.busy(hasHistory: true, interactiveFirst: interactiveFirst)
        for number in 0..<3 {
            var submit = harness.submission("waits \(number)", maxTokens: 100)
            submit.follow = false
            harness.feed(.submit(submit))
        }
        harness.feed(.submit(Self.submission(&harness, deadline: 1_000, "another one")))
        #expect(harness.refusals().isEmpty == interactiveFirst)
    }

    /// Reading the prompt alone takes 10 ms for each of its tokens, of which there are at least a sixth of its bytes.
    @Test func aLongPromptTakesItsTime() {
        let prompt = String(repeating: "a long prompt ", count: 500)
        let costs = [CostPoint(rows: 1, milliseconds: 10), CostPoint(rows: 64, milliseconds: 640)]
        func isAccepted(_ deadline: UInt32, costs: [CostPoint]?, isKnown: Bool = false) -> Bool {
            var harness = Harness()
            if let costs { harness.join(ToyNode("expert", .expert), costs: costs) }
            if isKnown { harness.submit(harness.submission(prompt)) }
            return harness.submit(Self.submission(&harness, deadline: deadline, prompt)) != nil
        }
        #expect(!isAccepted(5_000, costs: costs) && isAccepted(6_000, costs: costs))
        #expect(isAccepted(100, costs: costs, isKnown: true), "an expert may have it in its cache")
        #expect(isAccepted(100, costs: []), "the expert does not say what passes cost")
        #expect(isAccepted(100, costs: nil), "nobody serves the pool yet")
    }

    // MARK: The parts

    @Test func placesAreTakenInTurn() {
        var places = Places(freeIn: [30, 0, 10])
        #expect(places.next == 0)
        // From 0, from 10, and from 25, when the second of them is done.
        for milliseconds in [100.0, 15, 20] { places.takeNext(for: milliseconds) }
        #expect(places == Places(freeIn: [30, 45, 100]) && places.next == 30)
        // Until 40, and not at all.
        for latest in [40.0, 7] { places.takeNext(for: 50, until: latest) }
        #expect(places == Places(freeIn: [40, 45, 100]))
        var none = Places(freeIn: [])
        none.takeNext(for: 5)
        #expect(none.next == nil)
    }

    @Test(arguments: [
        (0.4, "0 ms"), (500, "500 ms"), (1_000, "1 s"), (1_540, "1.5 s"), (30_000, "30 s"),
        (.nan, "1000000000000 s"), (.infinity, "1000000000000 s"), (-5, "0 ms"),
    ])
    func spansAreReadable(_ milliseconds: Double, _ text: String) {
        #expect(spanText(milliseconds: milliseconds) == text)
    }
}
