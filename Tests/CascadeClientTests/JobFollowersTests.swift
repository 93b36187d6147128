import CascadeCore
import Testing

@testable import CascadeClient

/// Many jobs over one connection.
struct JobFollowersTests {
    private let now = Instant(nanoseconds: 1_000_000_000)

    private static func submit(_ id: UInt64) -> Submit {
        Submit(
            requestID: id,
            submitKey: Hash128(high: id, low: id),
            pool: "p",
            prompt: [],
            format: .raw,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            maxTokens: 4
        )
    }

    private static func delta(_ job: UInt64, _ tokens: [Token]) -> JobFollower.Event {
        .message(
            .delta(
                Delta(
                    job: JobID(rawValue: job),
                    state: .running,
                    note: "",
                    tokenOffset: 0,
                    byteOffset: 0,
                    tokens: tokens,
                    origins: tokens.map { _ in .expert },
                    text: []
                )
            )
        )
    }

    private static func accepted(_ id: UInt64, _ job: UInt64) -> JobFollower.Event {
        .message(.accepted(Accepted(requestID: id, job: JobID(rawValue: job), seed: 1, draftLength: .fixed(1))))
    }

    private static func refused(_ id: UInt64) -> JobFollower.Event {
        .message(.refused(Refused(code: .overloaded, message: "full", requestID: id)))
    }

    /// Two jobs that were accepted.
    private func two() -> JobFollowers {
        var followers = JobFollowers()
        for id in [UInt64(1) << 32, 2 << 32] {
            _ = followers.submit(Self.submit(id), patience: 15, at: now)
            _ = followers.handle(Self.accepted(id, id + 7), at: now)
        }
        return followers
    }

    @Test func messagesGoToTheJobThatTheyAreAbout() {
        var followers = two()
        let steps = followers.handle(Self.delta((2 << 32) + 7, [5, 6]), at: now)
        #expect(steps.map(\.id) == [2 << 32])
        guard case .stream(let part)? = steps.first?.action else {
            Issue.record("no part of a stream: \(steps)")
            return
        }
        #expect(Array(part.tokens) == [5, 6])
        #expect(followers.tokenCount(of: 2 << 32) == 2 && followers.tokenCount(of: 1 << 32) == 0)
        // Nobody follows this one.
        #expect(followers.handle(Self.delta(99, [5]), at: now).isEmpty)
        #expect(followers.handle(Self.accepted(3, 99), at: now).isEmpty)
    }

    @Test func aRefusalEndsTheJobWhoseRequestItAnswers() {
        var followers = JobFollowers()
        for id in [UInt64(1) << 32, 2 << 32] { _ = followers.submit(Self.submit(id), patience: 15, at: now) }
        let steps = followers.handle(Self.refused(1 << 32), at: now)
        #expect(steps.map(\.id) == [1 << 32])
        guard case .end(.refused)? = steps.first?.action else {
            Issue.record("no end: \(steps)")
            return
        }
        #expect(Array(followers.ids) == [2 << 32])
        // What comes of it later is nobody's.
        #expect(followers.handle(Self.accepted(1 << 32, 9), at: now).isEmpty)
    }

    @Test func aNewConnectionAsksForAllJobs() {
        var followers = two()
        let watched = followers.handle(.connected, at: now).compactMap { step -> JobID? in
            guard case .send(.watch(let watch)) = step.action else { return nil }
            return watch.job
        }
        #expect(Set(watched) == [JobID(rawValue: (1 << 32) + 7), JobID(rawValue: (2 << 32) + 7)])
    }

    @Test func oneJobIsCancelledAndTheOtherGoesOn() {
        var followers = two()
        let steps = followers.cancel(1 << 32, at: now)
        #expect(steps.count == 1)
        guard case .send(.cancel(let cancel))? = steps.first?.action else {
            Issue.record("no cancellation: \(steps)")
            return
        }
        #expect(cancel.job == JobID(rawValue: (1 << 32) + 7))
        #expect(followers.handle(Self.delta((2 << 32) + 7, [5]), at: now).count == 1)
        // One that is left is not asked about any more.
        followers.leave(2 << 32)
        #expect(followers.handle(Self.delta((2 << 32) + 7, [5]), at: now).isEmpty)
        #expect(Array(followers.ids) == [1 << 32])
    }

    @Test func aJobThatIsThereIsWatchedFromItsBeginning() {
        var followers = JobFollowers()
        let steps = followers.watch(JobID(rawValue: 5), id: 9, patience: 15, at: now)
        guard case .send(.watch(let watch))? = steps.first?.action else {
            Issue.record("no watch: \(steps)")
            return
        }
        #expect(watch.job == JobID(rawValue: 5) && watch.tokenOffset == 0)
        #expect(followers.handle(Self.delta(5, [1]), at: now).map(\.id) == [9])
    }
}
