import CascadeCore
import Testing

@testable import CascadeClient

/// A follower and what it has been told.
struct JobFollowerTests {
    private struct Client {
        var follower: JobFollower
        var now = Instant(nanoseconds: 1_000_000_000)
        var sent: [Message] = []
        var tokens: [Token] = []
        var text: [UInt8] = []
        var explanations = 0
        var isTold: [Bool] = []
        var readings: [ReadingPace] = []
        var ending: JobFollower.Ending?

        init(explains: Bool = false, logprobs: UInt32? = nil, patience: Double = 15, job: JobID? = nil) {
            var submit = JobFollowerTests.submit(explains: explains)
            submit.logprobs = logprobs
            follower =
                job.map {
                    JobFollower(job: $0, requestID: 1, patience: patience, now: Instant(nanoseconds: 1_000_000_000))
                }
                ?? JobFollower(submit: submit, patience: patience, now: now)
            perform(follower.start(at: now))
        }

        mutating func feed(_ event: JobFollower.Event) { perform(follower.handle(event, at: now)) }

        /// Ticks as a driver does, four a second.
        mutating func pass(seconds: Double) {
            for _ in 0..<Int(seconds * 4) where ending == nil {
                now = now.advanced(milliseconds: 250)
                feed(.tick)
            }
        }

        private mutating func perform(_ actions: [JobFollower.Action]) {
            for action in actions {
                switch action {
                case .send(let message): sent.append(message)
                case .stream(let part):
                    tokens += part.tokens
                    text += part.text
                    explanations += part.explanations.count
                case .unreachable: isTold.append(true)
                case .reachable: isTold.append(false)
                case .end(let end): ending = end
                case .reading(let pace): readings.append(pace)
                case .accepted, .waiting: break
                }
            }
        }

        var submissions: Int { sent.count { if case .submit = $0 { true } else { false } } }
        var watches: [Watch] { sent.compactMap { if case .watch(let watch) = $0 { watch } else { nil } } }
        var cancels: Int { sent.count { if case .cancel = $0 { true } else { false } } }
    }

    private static let job = JobID(rawValue: 9)

    private static func submit(explains: Bool = false) -> Submit {
        Submit(
            requestID: 5,
            submitKey: Hash128(high: 1, low: 1),
            pool: "default",
            prompt: [97],
            format: .raw,
            sampling: SamplingSettings(),
            rule: RuleSettings(explains: explains),
            maxTokens: 8
        )
    }

    private func accepted() -> Message {
        .accepted(Accepted(requestID: 5, job: Self.job, seed: 1, draftLength: .adaptive))
    }

    private func delta(_ tokenOffset: UInt32, _ tokens: [Token], _ byteOffset: UInt32, _ text: [UInt8]) -> Message {
        .delta(
            Delta(
                job: Self.job,
                state: .running,
                note: "",
                tokenOffset: tokenOffset,
                byteOffset: byteOffset,
                tokens: tokens,
                origins: tokens.map { _ in .expert },
                text: text
            )
        )
    }

    @Test func aSubmissionIsRepeatedUntilItIsAccepted() {
        var client = Client()
        #expect(client.submissions == 1)
        client.feed(.connected)
        #expect(client.submissions == 2)
        client.pass(seconds: 2.5)
        #expect(client.submissions == 4)
        client.feed(.message(accepted()))
        client.pass(seconds: 2.5)
        #expect(client.submissions == 4 && client.watches.count == 2)
    }

    @Test func theStreamIsPutTogetherFromWhateverArrives() {
        var client = Client()
        client.feed(.message(accepted()))
        client.feed(.message(delta(0, [1, 2], 0, [10])))
        client.feed(.message(delta(1, [2, 3], 0, [10, 11])))
        client.feed(.message(delta(0, [1], 0, [])))
        #expect(client.tokens == [1, 2, 3] && client.text == [10, 11] && client.watches.isEmpty)
        // A gap: from where it is.
        client.feed(.message(delta(5, [6], 4, [14])))
        #expect(client.tokens == [1, 2, 3])
        #expect(client.watches.map(\.tokenOffset) == [3] && client.watches.map(\.byteOffset) == [2])
        client.feed(.message(delta(3, [4, 5, 6], 2, [12, 13, 14])))
        #expect(client.tokens == [1, 2, 3, 4, 5, 6] && client.text == [10, 11, 12, 13, 14])
    }

    private func told(_ tokenOffset: UInt32, _ tokens: [Token]) -> Message {
        guard case .delta(var delta) = delta(tokenOffset, tokens, 0, []) else { return accepted() }
        let logprobs = TokenLogprobs(RankedLogprob(-1, rank: 2), bytes: nil, top: [])
        delta.explanations = tokens.map { _ in Explanation(round: 1, textBytes: 0, draft: nil, logprobs: logprobs) }
        return .delta(delta)
    }

    private func finished(_ tokens: [Token]) -> Message {
        let report = JobReport(
            job: Self.job,
            reason: .stop,
            error: nil,
            tokens: tokens,
            text: [],
            promptTokens: 1,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            seed: 1,
            draftLength: .adaptive,
            drafterKind: .both,
            draftMinimumConfidence: 0,
            counts: SpeculationCounts(),
            queueMilliseconds: 0,
            firstTokenMilliseconds: 1,
            totalMilliseconds: 1
        )
        return .finished(Finished(report: report))
    }

    /// The report has no log probabilities: a part of the stream that was lost is asked for before the end, also by who
    /// did not submit the job.
    @Test(arguments: [true, false])
    func logprobsThatGotLostAreAskedForAgain(isOwn: Bool) {
        var client = isOwn ? Client(logprobs: 3) : Client(job: Self.job)
        if isOwn { client.feed(.message(accepted())) }
        client.feed(.message(told(0, [1, 2])))
        let watches = client.watches.count
        client.feed(.message(finished([1, 2, 3])))
        #expect(client.ending == nil && client.watches.count == watches + 1)
        #expect(client.watches.last?.tokenOffset == 2)
        client.feed(.message(told(2, [3])))
        client.feed(.message(finished([1, 2, 3])))
        #expect(client.ending != nil && client.explanations == 3 && client.tokens == [1, 2, 3])

        var plain = Client()
        plain.feed(.message(accepted()))
        plain.feed(.message(finished([1, 2, 3])))
        #expect(plain.ending != nil && plain.tokens == [1, 2, 3])
    }

    private func reading(_ read: UInt32, of tokens: UInt32 = 6_000) -> Message {
        let prompt = PromptReading(tokensRead: read, tokens: tokens)
        return .delta(
            Delta(
                job: Self.job,
                state: .running,
                note: "",
                tokenOffset: 0,
                byteOffset: 0,
                tokens: [],
                origins: [],
                text: [],
                prompt: prompt
            )
        )
    }

    /// How far the prompt is read, how fast, and how long it will take, until the answer begins.
    @Test func thePromptsReadingIsTold() {
        var client = Client()
        client.feed(.message(accepted()))
        client.feed(.message(reading(100)))
        #expect(client.readings.last?.prompt == PromptReading(tokensRead: 100, tokens: 6_000))
        #expect(client.readings.last?.tokensPerSecond == nil && client.readings.last?.secondsLeft == nil)
        for second in 1...20 {
            client.pass(seconds: 1)
            client.feed(.message(reading(UInt32(100 + 100 * second))))
        }
        #expect(client.readings.last?.tokensPerSecond == 100 && client.readings.last?.secondsLeft == 39)
        // Slower from here on: the last ten seconds count.
        for second in 1...12 {
            client.pass(seconds: 1)
            client.feed(.message(reading(UInt32(2_100 + 50 * second))))
        }
        #expect(client.readings.last?.tokensPerSecond == 50)
        // Another node begins anew.
        client.feed(.message(reading(10)))
        #expect(client.readings.last?.tokensPerSecond == nil)
        let count = client.readings.count
        client.feed(.message(delta(0, [1], 0, [10])))
        client.feed(.message(reading(200)))
        #expect(client.readings.count == count && client.tokens == [1])
    }

    @Test func silenceIsToldAndEndsWithPatience() {
        var client = Client(patience: 6)
        client.feed(.message(accepted()))
        client.pass(seconds: 3)
        #expect(client.isTold.isEmpty)
        client.pass(seconds: 1)
        #expect(client.isTold == [true])
        client.feed(.message(delta(0, [1], 0, [])))
        #expect(client.isTold == [true, false])
        client.pass(seconds: 6)
        #expect(client.ending == nil)
        client.pass(seconds: 1)
        #expect(client.ending == .unreachable && client.isTold == [true, false, true])
    }

    /// A process that was stopped for a minute has not waited for a minute.
    @Test func whoStoodStillBeginsToWaitAnew() {
        var client = Client()
        client.feed(.message(accepted()))
        let before = client.watches.count
        client.now = client.now.advanced(milliseconds: 60_000)
        client.feed(.tick)
        #expect(client.ending == nil && client.isTold.isEmpty && client.watches.count == before + 1)
        client.pass(seconds: 14)
        #expect(client.ending == nil)
        client.pass(seconds: 2)
        #expect(client.ending == .unreachable)
    }

    @Test func aCancelIsRepeatedUntilItIsConfirmed() {
        var client = Client()
        client.feed(.connected)
        #expect(!client.follower.mayWithdraw)
        client.feed(.cancel(isWithdrawn: false))
        #expect(client.cancels == 0 && client.ending == nil, "the submission is on its way")
        client.feed(.message(accepted()))
        #expect(client.cancels == 1)
        client.pass(seconds: 2.5)
        #expect(client.cancels == 3)
        client.pass(seconds: 1)
        #expect(client.ending == .cancellationUnconfirmed)

        var early = Client()
        #expect(early.follower.mayWithdraw)
        early.feed(.cancel(isWithdrawn: true))
        #expect(early.ending == .withdrawn)

        var watching = Client(job: Self.job)
        #expect(watching.watches.count == 1 && !watching.follower.mayWithdraw)
        watching.feed(.cancel(isWithdrawn: false))
        #expect(watching.ending == .left && watching.cancels == 0)
    }

    @Test func onlyTheLastRequestIsRefused() {
        var client = Client()
        client.feed(.message(accepted()))
        client.feed(.connected)
        client.feed(.connected)
        let last = client.watches.last?.requestID ?? 0
        client.feed(.message(.refused(Refused(code: .unknownJob, message: "late", requestID: last - 1))))
        #expect(client.ending == nil)
        let refused = Refused(code: .unknownJob, message: "gone", requestID: last)
        client.feed(.message(.refused(refused)))
        #expect(client.ending == .refused(refused))
    }
}
