import CascadeCore
import OrderedCollections
import Testing

@testable import CascadeCoordinator

/// Jobs that outlive their coordinator, and clients that hear of nothing that a crash could undo.
struct JournalTests {
    private static func pair(_ records: [JournalRecord]? = nil, limits: CoordinatorLimits = Harness.fixed) -> Harness {
        var harness = Harness(limits: limits, keepsJournal: true)
        if let records { harness.feed(.restored(JournaledJob.jobs(records))) }
        return harness
    }

    private static func joinPair(_ harness: inout Harness) {
        // The drafter first: a baseline that finds none asks the expert.
        harness.join(ToyNode("drafter", .drafter))
        harness.join(ToyNode("expert", .expert))
    }

    /// All that is written is on disk.
    private static func sync(_ harness: inout Harness) {
        harness.feed(.journaled(upTo: UInt64(harness.records.count)))
    }

    /// Runs to the end with a disk that is always done.
    private static func finish(_ harness: inout Harness) {
        var known = 0
        repeat {
            known = harness.records.count
            sync(&harness)
            harness.settle()
        } while known < harness.records.count
        sync(&harness)
    }

    /// What a coordinator without a crash answers.
    private static func undisturbed(_ submit: Submit) throws -> JobReport {
        var harness = Harness.pair()
        let job = harness.submit(submit)
        harness.settle()
        return try #require(harness.report(job))
    }

    @Test func nothingIsToldBeforeItIsOnDisk() throws {
        var harness = Self.pair()
        Self.joinPair(&harness)
        let submit = harness.submission()
        #expect(harness.submit(submit) == nil)
        harness.settle()
        // Rounds did not wait: the whole answer is there, and nobody was told.
        #expect(harness.records.count > 3)
        #expect(harness.messages().isEmpty)
        for record in harness.records.indices {
            harness.feed(.journaled(upTo: UInt64(record)))
            let told = harness.messages().reduce(0) { count, message in
                if case .delta(let delta) = message { count + delta.tokens.count } else { count }
            }
            let onDisk = harness.records[..<record].reduce(0) { count, record in
                if case .committed(let committed) = record.entry { count + committed.tokens.count } else { count }
            }
            #expect(told == onDisk)
            #expect(harness.messages().isEmpty == (record == 0))
        }
        Self.sync(&harness)
        let job = try #require(harness.records.first?.job)
        #expect(harness.report(job)?.tokens == (try Self.undisturbed(submit)).tokens)
    }

    @Test func roundsWaitForADiskThatIsFarBehind() throws {
        var limits = Harness.fixed
        limits.unjournaledRecords = 3
        var harness = Self.pair(limits: limits)
        Self.joinPair(&harness)
        let submit = harness.submission(maxTokens: 40)
        harness.submit(submit)
        harness.settle()
        #expect(harness.records.count == 3)
        let second = harness.submission("second")
        #expect(harness.submit(second) == nil)
        guard case .refused(let refused) = harness.messages().last else {
            Issue.record("a submission was taken: \(harness.messages())")
            return
        }
        #expect(refused.code == .overloaded && refused.retryAfterMilliseconds > 0)
        Self.finish(&harness)
        #expect(harness.report(harness.records.first?.job)?.tokens == (try Self.undisturbed(submit)).tokens)
    }

    @Test func whatWaitsForTheDiskIsBounded() {
        var limits = Harness.fixed
        limits.heldBytes = 1_000
        var harness = Self.pair(limits: limits)
        Self.joinPair(&harness)
        harness.submit(harness.submission(maxTokens: 40))
        harness.settle()
        let job = harness.records[0].job
        for request in 1...100 {
            harness.feed(.watch(Watch(requestID: UInt64(request), job: job, tokenOffset: 0, byteOffset: 0)))
        }
        #expect(harness.machine.gauges.excesses(over: limits).isEmpty)
        #expect(harness.machine.gauges.heldBytes > 500)
        Self.finish(&harness)
        // Who was not served asks again.
        harness.feed(.watch(Watch(requestID: 101, job: job, tokenOffset: 0, byteOffset: 0)))
        #expect(harness.report(job)?.tokens.isEmpty == false)
    }

    /// Whatever part of the records is on disk at the crash, the answer is the same and nothing that was told changes.
    @Test(arguments: [RuleSettings.Rule.lossless, .tokenCascade, .sequentialChow], [false, true])
    func anAnswerGoesOnWhereItWas(_ rule: RuleSettings.Rule, explains: Bool) throws {
        var first = Self.pair()
        Self.joinPair(&first)
        var submit = first.submission("once upon", maxTokens: 24)
        submit.rule = RuleSettings(rule: rule, alpha: rule == .lossless ? 0 : 0.4, explains: explains)
        if explains { (submit.logprobs, submit.constraint) = (3, OutputConstraint(.grammar, "root ::= [a-z]*")) }
        let reference = try Self.undisturbed(submit)
        first.submit(submit)
        first.settle()
        #expect(first.records.count > 1)
        for count in 0...first.records.count {
            var second = Self.pair(Array(first.records[..<count]))
            Self.joinPair(&second)
            // The same key: the job that is there, or a new one where none was acknowledged.
            second.submit(submit)
            Self.finish(&second)
            let job = try #require(second.machine.finished.jobs.elements.first?.key)
            let report = try #require(second.report(job))
            #expect(report.tokens == reference.tokens, "\(count) records")
            #expect(report.text == reference.text, "\(count) records")
            #expect(report.reason == reference.reason)
            #expect(report.counts.problem(emitted: report.tokens.count) == nil)
            let told = second.deltas(job)
            #expect(told.flatMap(\.tokens) == report.tokens)
            #expect(told.flatMap(\.explanations).count == (explains ? report.tokens.count : 0))
            for case .verify(let verify) in second.node("expert").received where verify.spec != nil {
                #expect(verify.spec?.constraint == submit.constraint, "\(count) records")
            }
            // Those of tokens that were committed before the crash as well.
            guard explains else { continue }
            LogprobTests.check(told, submit, report)
            // Whoever asks once more is told the same.
            let other = PeerID([9])
            second.feed(.watch(Watch(requestID: 5, job: job, tokenOffset: 0, byteOffset: 0)), from: other)
            #expect(second.deltas(job, other).flatMap(\.explanations) == told.flatMap(\.explanations))
        }
    }

    @Test func aClientGoesOnFromItsOffset() throws {
        var first = Self.pair()
        Self.joinPair(&first)
        first.mute("expert")
        let submit = first.submission(maxTokens: 24)
        first.submit(submit)
        first.unmute("expert")
        first.settle(steps: 12)
        let records = first.records
        let job = records[0].job
        let committed = records.reduce(0) { count, record in
            if case .committed(let committed) = record.entry { count + committed.tokens.count } else { count }
        }
        try #require(committed > 4)

        var second = Self.pair(records)
        // No expert is there yet: what is on disk can be had all the same, and no more is promised than that.
        let request = Watch(requestID: 1, job: job, tokenOffset: 3, byteOffset: 3)
        second.feed(.watch(request))
        #expect(second.deltas(job).flatMap(\.tokens).count == committed - 3)
        #expect(second.deltas(job).last?.note == "waiting for an expert in pool default")
        second.feed(.watch(Watch(requestID: 2, job: job, tokenOffset: UInt32(committed) + 1, byteOffset: 0)))
        guard case .refused = second.messages().last else {
            Issue.record("an offset behind the end was taken")
            return
        }
        Self.joinPair(&second)
        Self.finish(&second)
        let reference = try Self.undisturbed(submit)
        #expect(second.report(job)?.tokens == reference.tokens)
        #expect(second.deltas(job).flatMap(\.tokens) == Array(reference.tokens.dropFirst(3)))
    }

    @Test func whatHasEndedCanBeAskedFor() throws {
        var first = Self.pair()
        Self.joinPair(&first)
        let submit = first.submission()
        first.submit(submit)
        Self.finish(&first)
        let job = first.records[0].job
        let report = try #require(first.report(job))

        var second = Self.pair(first.records)
        #expect(second.submit(submit) == job)
        #expect(second.report(job) == report)
        var other = submit
        other.prompt.append(33)
        other.requestID = 99
        #expect(second.submit(other) == nil)
        second.feed(.cancel(Cancel(requestID: 9, job: job)), from: PeerID([9]))
        #expect(second.report(job, PeerID([9])) == report)
    }

    @Test func aJobIsCancelledBeforeAnExpertIsThere() throws {
        var first = Self.pair()
        Self.joinPair(&first)
        first.submit(first.submission(maxTokens: 24))
        first.settle(steps: 12)
        let job = first.records[0].job
        var second = Self.pair(first.records)
        second.feed(.watch(Watch(requestID: 1, job: job, tokenOffset: 0, byteOffset: 0)))
        let told = second.deltas(job).flatMap(\.tokens)
        try #require(!told.isEmpty)
        second.feed(.cancel(Cancel(requestID: 2, job: job)))
        #expect(second.report(job) == nil)
        Self.sync(&second)
        #expect(second.report(job)?.reason == .cancelled)
        #expect(second.report(job)?.tokens == told)
    }

    @Test func damageFailsItsJobAndNoOther() throws {
        var first = Self.pair()
        Self.joinPair(&first)
        let submits = [first.submission("one"), first.submission("two"), first.submission("three")]
        for submit in submits { first.submit(submit) }
        first.settle(steps: 30)
        let jobs = first.records.filter { record in
            if case .accepted = record.entry { true } else { false }
        }.map(\.job)
        // Of the first job one record is unreadable, of the second the very first.
        let left = first.records.filter { $0.job != jobs[1] }
        var second = Harness(keepsJournal: true)
        second.feed(.restored(JournaledJob.jobs(left, damaged: [jobs[0]: "the checksum is wrong", jobs[1]: "gone"])))
        Self.joinPair(&second)
        #expect(second.submit(submits[0]) == nil)
        Self.finish(&second)
        #expect(second.report(jobs[0])?.error?.code == .journalDamaged)
        #expect(second.report(jobs[0])?.error?.message.contains("the checksum is wrong") == true)
        second.feed(.watch(Watch(requestID: 1, job: jobs[1], tokenOffset: 0, byteOffset: 0)))
        #expect(second.report(jobs[1])?.error?.code == .journalDamaged)
        second.feed(.watch(Watch(requestID: 2, job: jobs[2], tokenOffset: 0, byteOffset: 0)))
        #expect(second.report(jobs[2])?.tokens == (try Self.undisturbed(submits[2])).tokens)
    }

    @Test func aGapIsDamage() {
        var first = Self.pair()
        Self.joinPair(&first)
        first.submit(first.submission(maxTokens: 24))
        first.settle(steps: 20)
        var records = first.records
        #expect(records.count > 4)
        records.remove(at: 2)
        var second = Self.pair(records)
        second.feed(.watch(Watch(requestID: 1, job: records[0].job, tokenOffset: 0, byteOffset: 0)))
        Self.sync(&second)
        #expect(second.report(records[0].job)?.error?.code == .journalDamaged)
    }

    @Test func noOtherModelGoesOnWithAnAnswer() {
        var first = Self.pair()
        Self.joinPair(&first)
        first.submit(first.submission(maxTokens: 24))
        first.settle(steps: 12)
        var second = Self.pair(first.records)
        let stranger = ToyNode("stranger", .expert)
        var hello = stranger.hello
        hello.modelFingerprint.low ^= 1
        second.feed(.hello(hello), from: stranger.peer)
        guard case .refused(let refused) = second.messages(stranger.peer).last else {
            Issue.record("an expert with another model was taken in")
            return
        }
        #expect(refused.code == .modelMismatch)
        #expect(refused.message.contains("cancel"), "\(refused.message)")
        // The way out that it names.
        second.feed(.cancel(Cancel(requestID: 2, job: first.records[0].job)))
        second.feed(.hello(hello), from: stranger.peer)
        guard case .welcome = second.messages(stranger.peer).last else {
            Issue.record("the pool is held by a job that has ended")
            return
        }
    }

    @Test func jobsStayWhereTheCoordinatorIsShutDown() throws {
        var first = Self.pair()
        Self.joinPair(&first)
        let submit = first.submission(maxTokens: 24)
        first.submit(submit)
        first.settle(steps: 12)
        Self.sync(&first)
        let job = first.records[0].job
        first.feed(.shutdown)
        #expect(first.hasExited)
        #expect(first.report(job) == nil)
        var second = Self.pair(first.records)
        Self.joinPair(&second)
        second.submit(submit)
        Self.finish(&second)
        #expect(second.report(job)?.tokens == (try Self.undisturbed(submit)).tokens)
    }

    @Test func whatIsForgottenIsForgottenOnDisk() {
        var limits = Harness.fixed
        limits.finishedJobs = 2
        var first = Self.pair(limits: limits)
        Self.joinPair(&first)
        for text in ["one", "two", "three"] {
            first.submit(first.submission(text, maxTokens: 2))
            Self.finish(&first)
        }
        let jobs = JournaledJob.jobs(first.records)
        #expect(jobs.count == 2)
        #expect(jobs.allSatisfy { $0.finished != nil && $0.damage == nil })
    }
}
