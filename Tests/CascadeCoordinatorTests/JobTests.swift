import CascadeCoordinator
import CascadeCore
import Testing

struct JobTests {
    // MARK: Submitting

    @Test func theSameKeyFindsTheSameJob() throws {
        var harness = Harness.pair()
        var submit = harness.submission()
        let accepted = harness.submit(submit)
        let first = try #require(accepted)
        submit.requestID += 100
        submit.follow = false
        #expect(harness.submit(submit, from: PeerID([2])) == first)
        harness.settle()
        // Still, when it is finished.
        submit.requestID += 100
        submit.follow = true
        #expect(harness.submit(submit, from: PeerID([3])) == first)
        #expect(harness.report(first, PeerID([3])) == harness.report(first))
        #expect(harness.deltas(first, PeerID([3])).flatMap(\.tokens) == harness.report(first)?.tokens)
        #expect(harness.machine.transitions[.jobAccepted] == 1)
    }

    @Test func theSameKeyForAnotherJobIsRefused() {
        var harness = Harness.pair()
        var submit = harness.submission()
        harness.submit(submit)
        submit.prompt = [1]
        #expect(harness.submit(submit, from: PeerID([2])) == nil)
        #expect(harness.refusals(PeerID([2])).last?.code == .badRequest)
    }

    @Test func anAcceptedJobEchoesItsSeed() {
        var harness = Harness()
        var submit = harness.submission()
        submit.seed = nil
        submit.draftLength = .fixed(7)
        harness.submit(submit)
        guard case .accepted(let accepted) = harness.messages().first else {
            Issue.record("the job must be accepted")
            return
        }
        #expect(accepted.seed != 0)
        #expect(accepted.draftLength == .fixed(7))
    }

    @Test(arguments: 0..<14)
    func nonsenseIsRefused(field: Int) {
        var harness = Harness.pair()
        var submit = harness.submission()
        switch field {
        case 0: submit.pool = ""
        case 1: submit.pool = String(repeating: "x", count: 129)
        case 2: submit.prompt = [UInt8](repeating: 65, count: 1 + (1 << 20))
        case 3: submit.maxTokens = 0
        case 4: submit.maxTokens = 32_769
        case 5: submit.stop = [[UInt8]](repeating: [65], count: 17)
        case 6: submit.stop = [[]]
        case 7: submit.stop = [[UInt8](repeating: 65, count: 257)]
        case 8: submit.draftLength = .fixed(33)
        case 9: submit.draftMinimumConfidence = .nan
        case 10: submit.sampling.temperature = -1
        case 11: submit.rule = RuleSettings(rule: .chow, alpha: 2)
        case 12: submit.sampling.topP = .nan
        default: submit.draftLength = .fixed(.max)
        }
        #expect(harness.submit(submit) == nil)
        #expect(harness.refusals().last?.code == .badRequest)
        #expect(harness.refusals().last?.requestID == submit.requestID)
        #expect(harness.refusals().last?.retryAfterMilliseconds == 0)
    }

    @Test func theQueueIsBounded() throws {
        var limits = Harness.fixed
        limits.queuedJobs = 3
        var harness = Harness(limits: limits)
        for _ in 0..<5 { harness.submit(harness.submission()) }
        #expect(harness.machine.transitions[.jobAccepted] == 3)
        let refused = try #require(harness.refusals().last)
        #expect(refused.code == .overloaded)
        #expect(refused.retryAfterMilliseconds == limits.retryAfterMilliseconds)
        harness.join(ToyNode("expert", .expert))
        harness.settle()
        #expect(harness.machine.transitions[.jobReachedLength] == 3)
        #expect(harness.submit(harness.submission()) != nil)
    }

    @Test func theQueuesBytesAreBounded() {
        var limits = Harness.fixed
        limits.job.promptBytes = 1000
        limits.queuedBytes = 4000
        var harness = Harness(limits: limits)
        for _ in 0..<5 { harness.submit(harness.submission(String(repeating: "x", count: 1000))) }
        #expect(harness.machine.transitions[.jobAccepted] == 2)
        #expect(harness.refusals().last?.code == .overloaded)
    }

    // MARK: Waiting

    @Test func aQueuedJobSaysWhatItWaitsFor() {
        var limits = Harness.fixed
        limits.maxNumSeqs = 1
        var harness = Harness(limits: limits)
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        #expect(harness.deltas(job).last?.note == "waiting for an expert in pool default")
        #expect(harness.deltas(job).last?.state == .queued)
        let expert = ToyNode("expert", .expert)
        harness.feed(.hello(expert.hello), from: expert.peer)
        harness.watch(job)
        #expect(harness.deltas(job).last?.note == "waiting for the tokenizer of pool default")
        harness.feed(.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary))
        harness.watch(job)
        #expect(harness.deltas(job).last?.note == "waiting for an expert in pool default to be ready")
        harness.join(expert)
        harness.mute("expert")
        let second = harness.submit(harness.submission("abc", maxTokens: 10))
        harness.watch(second)
        #expect(harness.deltas(second).last?.note == "waiting: 1 job runs, as many as may (--max-num-seqs)")
        harness.watch(job)
        #expect(harness.deltas(job).last?.note == "")
        #expect(harness.deltas(job).last?.state == .running)
        harness.feed(.peerLost(expert.peer))
        harness.watch(job)
        #expect(harness.deltas(job).last?.note == "waiting for an expert in pool default")
    }

    @Test func jobsAreAdmittedOldestFirstByRoom() throws {
        var harness = Harness()
        // Room for two sequences of 13 tokens, not for the long one beside a short one.
        harness.join(ToyNode("expert", .expert, kvTokens: 30))
        harness.mute("expert")
        let first = harness.submit(harness.submission("abc", maxTokens: 10))
        let long = harness.submit(harness.submission("abc", maxTokens: 25))
        let third = harness.submit(harness.submission("abc", maxTokens: 10))
        for job in [first, long, third] { harness.watch(job) }
        #expect(harness.deltas(first).last?.state == .running)
        #expect(harness.deltas(long).last?.state == .queued)
        #expect(harness.deltas(third).last?.state == .queued)
        harness.unmute("expert")
        harness.settle()
        #expect(harness.report(long)?.tokens.count == 25)
        #expect(harness.report(third)?.tokens.count == 10)
        let order = harness.messages().compactMap { message in
            if case .finished(let finished) = message { return finished.report.job }
            return nil
        }
        #expect(order == [first, long, third])
    }

    @Test func anotherPoolsJobsAreNotHeldUp() {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert))
        var other = harness.submission()
        other.pool = "elsewhere"
        harness.submit(other)
        let job = harness.submit(harness.submission())
        harness.settle()
        #expect(harness.report(job) != nil)
    }

    // MARK: Prompts

    @Test func aFailedPromptEndsTheJob() {
        var harness = Harness()
        let expert = ToyNode("expert", .expert)
        harness.feed(.hello(expert.hello), from: expert.peer)
        let submit = harness.submission()
        let job = harness.submit(submit)
        let event = CoordinatorStateMachine.Event.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary)
        let actions = harness.machine.handle(event, at: harness.now)
        #expect(actions.contains { if case .tokenize = $0 { true } else { false } })
        let error = JobError(code: .badRequest, message: "the model has no chat template")
        harness.feed(.tokenized(job!, .failed(error)))
        #expect(harness.report(job)?.error == error)
        // A second answer for the same job changes nothing.
        harness.feed(.tokenized(job!, .tokens([1, 2])))
        #expect(harness.machine.transitions[.jobTokenized] == 0)
    }

    /// Nodes and chat templates may say more than fits into an answer, or into everybody's list of jobs.
    @Test func longErrorsAreCut() throws {
        var harness = Harness()
        harness.readsPrompts = false
        harness.join(ToyNode("expert", .expert))
        let submitted = harness.submit(harness.submission())
        let job = try #require(submitted)
        let words = String(repeating: "e\u{301}", count: 1 << 20)
        harness.feed(.tokenized(job, .failed(JobError(code: .badRequest, message: words))))
        let error = try #require(harness.report(job)?.error)
        #expect(error.message == String(repeating: "e\u{301}", count: 500))
        harness.feed(.jobsRequest(JobsRequest(requestID: 1, limit: 10)))
        guard case .jobList(let list)? = harness.messages().last else {
            Issue.record("no list")
            return
        }
        #expect(list.jobs.map(\.note.unicodeScalars.count) == [200])
        // Whoever asks for the job alone is told all of it.
        harness.feed(.statusRequest(StatusRequest(requestID: 2, job: job)))
        guard case .jobList(let answer)? = harness.messages().last else {
            Issue.record("no answer")
            return
        }
        #expect(answer.jobs.map(\.note) == [error.message])
    }

    @Test(arguments: [[], [27], [1, .max]] as [[Token]])
    func unusableTokensEndTheJob(tokens: [Token]) throws {
        var harness = Harness()
        let expert = ToyNode("expert", .expert)
        harness.feed(.hello(expert.hello), from: expert.peer)
        let accepted = harness.submit(harness.submission())
        let job = try #require(accepted)
        _ = harness.machine.handle(.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary), at: harness.now)
        harness.feed(.tokenized(job, .tokens(tokens)))
        #expect(harness.report(job)?.error?.code == .badRequest)
    }

    @Test func theContextLimitsPromptAndAnswer() {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert, contextLength: 16))
        let full = harness.submit(harness.submission(String(repeating: "x", count: 16)))
        let fuller = harness.submit(harness.submission(String(repeating: "x", count: 300)))
        let tight = harness.submit(harness.submission(String(repeating: "x", count: 12), maxTokens: 20))
        harness.settle()
        #expect(harness.report(full)?.error?.code == .contextExceeded)
        #expect(harness.report(fuller)?.error?.code == .contextExceeded)
        #expect(harness.report(tight)?.tokens.count == 4)
        #expect(harness.report(tight)?.reason == .length)
    }

    // MARK: Endings

    @Test func anEndTokenEndsTheAnswer() throws {
        var harness = Harness()
        harness.join(ToyNode("expert", .expert))
        harness.mute("expert")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        let verify = try #require(harness.heldVerify("expert"))
        let expert = harness.node("expert").peer
        harness.feed(.verified(Verified(fence: verify.fence, evidence: [], bonus: 0)), from: expert)
        let report = try #require(harness.report(job))
        #expect(report.reason == .stop)
        #expect(report.tokens == [0])
        #expect(report.text.isEmpty)
        #expect(harness.deltas(job).flatMap(\.tokens) == [0])
    }

    @Test func whatIsBehindAnEndTokenIsCut() throws {
        var harness = Harness.pair()
        harness.mute("expert")
        harness.mute("drafter")
        let job = harness.submit(harness.submission("abc", maxTokens: 10))
        let draft = try #require(harness.heldDraft("drafter"))
        let tokens: [Token] = [5, 0, 6, 7]
        let positions = tokens.map {
            DraftedPosition(token: $0, row: Distribution(oneHot: $0), gate: DraftGate(maximum: 1))
        }
        harness.feed(.drafted(Drafted(fence: draft.fence, positions: positions)), from: harness.node("drafter").peer)
        let verify = try #require(harness.heldVerify("expert"))
        let evidence = tokens.map {
            Evidence(
                probability: 1,
                gateProbability: 1,
                gateMaximum: 1,
                gateArgmax: $0,
                entropy: 0,
                keptMass: 0,
                ratio: 1,
                rejectMass: 0,
                residual: $0
            )
        }
        let verified = Verified(fence: verify.fence, evidence: evidence, bonus: 8)
        harness.feed(.verified(verified), from: harness.node("expert").peer)
        let report = try #require(harness.report(job))
        #expect(report.tokens == [5, 0])
        #expect(report.reason == .stop)
        #expect(report.counts.matched == 4)
        #expect(report.counts.cut == 3)
        #expect(report.counts.unruledPositions == 0)
        #expect(report.counts.problem(emitted: 2) == nil)
    }

    @Test(arguments: 0..<9)
    func aStopStringEndsTheAnswerBeforeIt(start: Int) throws {
        let answer = Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 12)
        let text = Toy.text(answer)
        let stop = Array(text[start..<(start + 3)])
        var harness = Harness.pair()
        var submit = harness.submission("abc", maxTokens: 12)
        submit.stop = [Array("????".utf8), stop]
        let job = harness.submit(submit)
        harness.settle()
        let report = try #require(harness.report(job))
        #expect(report.reason == .stop)
        #expect(report.text == Array(text[..<start]))
        #expect(report.tokens == Array(answer[..<(start + 3)]))
        #expect(harness.deltas(job).flatMap(\.text) == report.text)
    }

    @Test func heldBackTextIsFlushedAtTheEnd() throws {
        let answer = Toy.answer(prompt: Toy.tokens(Array("abc".utf8)), count: 12)
        var harness = Harness.pair()
        var submit = harness.submission("abc", maxTokens: 12)
        submit.stop = [Array(Toy.text(answer).suffix(4)) + [63]]
        let job = harness.submit(submit)
        harness.settle()
        #expect(harness.report(job)?.text == Toy.text(answer))
        #expect(harness.deltas(job).flatMap(\.text) == Toy.text(answer))
    }

    @Test func reportsAreKeptInBoundedNumber() throws {
        var limits = Harness.fixed
        limits.finishedJobs = 2
        var harness = Harness(limits: limits)
        harness.join(ToyNode("expert", .expert))
        var submits: [Submit] = []
        var jobs: [JobID?] = []
        for _ in 0..<4 {
            submits.append(harness.submission("abc", maxTokens: 2))
            jobs.append(harness.submit(submits[submits.count - 1]))
            harness.settle()
        }
        let late = PeerID([4])
        for job in jobs { harness.watch(job, from: late) }
        #expect(harness.refusals(late).count == 2)
        #expect(harness.refusals(late).allSatisfy { $0.code == .unknownJob })
        #expect(harness.report(jobs[3], late) != nil)
        // A forgotten key is free again.
        #expect(harness.submit(submits[0], from: late) != nil)
    }

    @Test func shutdownEndsEverything() {
        var harness = Harness.pair()
        harness.mute("expert")
        let running = harness.submit(harness.submission())
        var other = harness.submission()
        other.pool = "elsewhere"
        let queued = harness.submit(other)
        harness.feed(.shutdown)
        #expect(harness.report(running)?.error?.code == .shuttingDown)
        #expect(harness.report(queued)?.error?.code == .shuttingDown)
        #expect(harness.hasExited)
        #expect(harness.machine.nextDeadline == nil)
        #expect(harness.feed(.tick).isEmpty)
        #expect(harness.feed(.hello(ToyNode("late", .expert).hello), from: PeerID([1])).isEmpty)
    }
}

extension Harness {
    /// Watches a job from offsets.
    mutating func watch(_ job: JobID?, from peer: PeerID = client, tokens: UInt32 = 0, bytes: UInt32 = 0) {
        guard let job else { return }
        feed(.watch(Watch(requestID: 1, job: job, tokenOffset: tokens, byteOffset: bytes)), from: peer)
    }
}
