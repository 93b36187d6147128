import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeCoordinator

/// The jobs that have not ended, and who of them waits for what.
@Suite struct JobTableTests {
    private static func id(_ number: UInt64) -> JobID { JobID(rawValue: number) }
    private static func key(_ number: UInt64) -> Hash128 { Hash128(high: 7, low: number) }
    private static let now = Instant(nanoseconds: 0)

    private static func job(
        _ number: UInt64,
        pool: String = "default",
        prompt: Int = 10,
        owner: JobOwner = .everybody,
        priority: Priority = .normal,
        deadline: UInt32? = nil
    ) -> Job {
        let submit = Submit(
            requestID: number,
            submitKey: key(number),
            pool: pool,
            prompt: [UInt8](repeating: 65, count: prompt),
            format: .raw,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            maxTokens: 4,
            priority: priority,
            deadlineMilliseconds: deadline
        )
        return Job(
            id: id(number),
            number: number,
            owner: owner,
            submit: submit,
            seed: 1,
            draftLength: .adaptive,
            acceptedAt: now
        )
    }

    private static func sequence() -> ActiveSequence {
        let spec = SequenceSpec(
            id: 1,
            seed: 1,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            guardTokens: [],
            promptLength: 2,
            draftSupport: 8
        )
        return ActiveSequence(
            spec: spec,
            vocabulary: Vocabulary(pieces: [[65], [66]], endTokens: [], hash: Hash128(high: 1, low: 2)),
            prompt: [0, 1],
            maxTokens: 4,
            stop: [],
            looksUp: false,
            expert: NodeHandle(rawValue: 1),
            acceptance: DraftAcceptance()
        )
    }

    private static func table(_ jobs: [Job]) -> JobTable {
        var table = JobTable()
        for job in jobs { table.insert(job) }
        return table
    }

    private static func watcher(_ peer: UInt8) -> Watcher {
        Watcher(peer: PeerID([peer]), key: "", tokenOffset: 0, byteOffset: 0, lastActive: now)
    }

    /// Prompts become tokens in any order; room is given by age, pool by pool.
    @Test func theOldestOfEachPoolComesFirst() {
        var table = Self.table([
            Self.job(1), Self.job(2, pool: "other"), Self.job(3), Self.job(4, pool: "other"),
        ])
        #expect(table.nextInQueue(except: [], at: Self.now) == nil, "no prompt has become tokens")
        for number in [4, 3, 1, 2] as [UInt64] { table.enqueue(Self.id(number), prompt: [0]) }
        #expect(table.nextInQueue(except: [], at: Self.now)?.number == 1)
        #expect(table.nextInQueue(except: ["default"], at: Self.now)?.number == 2)
        table.begin(Self.id(1), Self.sequence(), at: Self.now)
        #expect(table.nextInQueue(except: ["other"], at: Self.now)?.number == 3)
        table.remove(Self.id(2))
        #expect(table.nextInQueue(except: ["default"], at: Self.now)?.number == 4)
        #expect(table.nextInQueue(except: ["default", "other"], at: Self.now) == nil)
        #expect(table.brokenInvariant == nil)
    }

    /// The jobs of a table in the order in which they get room.
    private static func order(_ table: JobTable, interactiveFirst: Bool) -> [UInt64] {
        var (table, order) = (table, [UInt64]())
        while let job = table.nextInQueue(except: [], at: now, interactiveFirst: interactiveFirst) {
            order.append(job.number)
            table.begin(job.id, sequence(), at: now)
            #expect(table.brokenInvariant == nil)
        }
        return order
    }

    private static func queue(_ jobs: [Job], followed: [UInt64]) -> JobTable {
        var table = table(jobs)
        for job in jobs { table.enqueue(job.id, prompt: [0]) }
        for number in followed { table.follow(id(number), watcher(1)) }
        return table
    }

    /// Jobs that a client follows pass others, three in a row at most; then it is the oldest one's turn.
    @Test func followedJobsGoFirst() {
        let jobs = (1...9).map { Self.job($0) }
        let table = Self.queue(jobs, followed: [3, 5, 6, 8, 9])
        #expect(Self.order(table, interactiveFirst: true) == [3, 5, 6, 1, 8, 9, 2, 4, 7])
        #expect(Self.order(table, interactiveFirst: false) == Array(1...9))
        // The oldest passes nobody, followed or not.
        let first = Self.queue(jobs, followed: [1, 3, 5, 6, 8])
        #expect(Self.order(first, interactiveFirst: true) == [1, 3, 5, 6, 2, 8, 4, 7, 9])
    }

    /// Whoever stops following makes a job a detached one, and whoever begins makes it an interactive one.
    @Test func followersComeAndGo() {
        var table = Self.queue((1...3).map { Self.job($0) }, followed: [2])
        #expect(Self.order(table, interactiveFirst: true) == [2, 1, 3])
        _ = table.unfollow(Self.id(2), PeerID([1]))
        #expect(Self.order(table, interactiveFirst: true) == [1, 2, 3])
        table.follow(Self.id(3), Self.watcher(2))
        #expect(Self.order(table, interactiveFirst: true) == [3, 1, 2])
    }

    @Test func priorityComesBeforeFollowers() {
        let jobs = [Self.job(1), Self.job(2, priority: .low), Self.job(3), Self.job(4, priority: .high)]
        let table = Self.queue(jobs, followed: [2, 3])
        #expect(Self.order(table, interactiveFirst: true) == [4, 3, 1, 2])
    }

    /// Whose turn it is among owners does not depend on who is followed.
    @Test func otherOwnersAreNotPassed() {
        let (team, others) = (Principal.member.owner, Principal.stranger.owner)
        let jobs = [
            Self.job(1, owner: team), Self.job(2, owner: others), Self.job(3, owner: team),
            Self.job(4, owner: others), Self.job(5, owner: others),
        ]
        let table = Self.queue(jobs, followed: [3, 5])
        #expect(Self.order(table, interactiveFirst: false) == [1, 2, 3, 4, 5])
        #expect(Self.order(table, interactiveFirst: true) == [3, 5, 1, 2, 4])
    }

    /// Who gets room before a job that comes now.
    @Test func thoseAheadAreCounted() {
        let jobs = [
            Self.job(1), Self.job(2, priority: .high), Self.job(3, priority: .low), Self.job(4, pool: "other"),
            Self.job(5, owner: Principal.member.owner),
        ]
        let table = Self.queue(jobs, followed: [])
        func ahead(_ submit: Submit, _ interactiveFirst: Bool = false) -> [JobID] {
            table.ahead(of: submit, owner: "", interactiveFirst: interactiveFirst)
        }
        var submit = Self.job(9).submit
        #expect(ahead(submit) == [2, 1].map(Self.id))
        #expect(ahead(submit, true) == [Self.id(2)], "it is followed, and passes the other")
        submit.follow = false
        #expect(ahead(submit, true) == [2, 1].map(Self.id))
        submit.priority = .low
        #expect(ahead(submit) == [2, 1, 3].map(Self.id))
    }

    @Test func theEarliestDeadlineIsKnown() {
        var table = Self.table([
            Self.job(1, deadline: 90), Self.job(2), Self.job(3, deadline: 20), Self.job(4, deadline: 50),
        ])
        var order: [JobID] = []
        while let next = table.nextDeadline {
            order.append(next.id)
            table.remove(next.id)
            #expect(table.brokenInvariant == nil)
        }
        #expect(order == [3, 4, 1].map(Self.id) && table.count == 1)
    }

    @Test func whoRunsTakesTurnsUntilItEnds() {
        var table = Self.table([Self.job(1), Self.job(2)])
        for number in [1, 2] as [UInt64] {
            table.enqueue(Self.id(number), prompt: [0])
            table.begin(Self.id(number), Self.sequence(), at: Self.now)
        }
        #expect(table.running == [Self.id(1), Self.id(2)] && table.queuedCount == 0)
        let first = table.takeTurns()
        #expect(first == [Self.id(1), Self.id(2)] && table.waiting.isEmpty)
        table.wait(Self.id(2))
        table.wait(Self.id(1))
        table.remove(Self.id(2))
        #expect(table.waiting == [Self.id(1)] && table.running == [Self.id(1)])
        #expect(table.brokenInvariant == nil)
    }

    /// A key stays taken when its job has ended, until the job is forgotten.
    @Test func keysOutliveTheirJobs() {
        let owner = JobOwner.everybody
        var table = Self.table([Self.job(1)])
        table.noteKey(Self.key(9), of: owner, Self.id(9))
        table.remove(Self.id(1))
        #expect(table.job(of: owner, key: Self.key(1)) == Self.id(1))
        #expect(table.job(of: owner, key: Self.key(9)) == Self.id(9))
        #expect(table.count == 0 && table.submissionCount == 2)
        table.forgetKey(Self.key(1), of: owner)
        #expect(table.job(of: owner, key: Self.key(1)) == nil)
    }

    /// Submit keys and counts are an owner's own; keys of one owner share them.
    @Test func ownersAreKeptApart() {
        let (team, stranger) = (Principal.member.owner, Principal.stranger.owner)
        var table = Self.table([Self.job(1, owner: team)])
        #expect(table.job(of: Principal.colleague.owner, key: Self.key(1)) == Self.id(1))
        #expect(table.job(of: stranger, key: Self.key(1)) == nil)
        #expect(table.owners[team.name]?.jobs == 1 && table.owners[stranger.name] == nil)
        table.remove(Self.id(1))
        #expect(table.owners[team.name]?.jobs == 0 && table.brokenInvariant == nil)
    }

    @Test func watchersAreCountedOnce() {
        var table = Self.table([Self.job(1), Self.job(2)])
        let isNew = [
            table.follow(Self.id(1), Self.watcher(1)), table.follow(Self.id(1), Self.watcher(1)),
            table.follow(Self.id(1), Self.watcher(2)), table.follow(Self.id(2), Self.watcher(1)),
            table.follow(Self.id(3), Self.watcher(1)),
        ]
        #expect(isNew == [true, false, true, true, false] && table.watcherCount == 3)
        let hasGone = [table.unfollow(Self.id(1), PeerID([1])), table.unfollow(Self.id(1), PeerID([1]))]
        #expect(hasGone == [true, false] && table.watcherCount == 2)
        table.remove(Self.id(1))
        #expect(table.watcherCount == 1 && table.brokenInvariant == nil)
    }

    /// What is gone is not changed, and nobody is told otherwise.
    @Test func whatHasEndedIsNotChanged() {
        var table = Self.table([Self.job(1)])
        let changed = table.changeSequence(of: Self.id(1)) { $0.noteFailure() } == nil
        #expect(changed, "it has no sequence yet")
        table.remove(Self.id(1))
        let late = table.change(Self.id(1)) { $0.returnPrompt() } == nil
        #expect(late)
    }

    /// Whatever comes in whatever order, what is counted and listed is what there is.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func countsFollowAnyHistory(seed: UInt64) {
        var draws = SeededGenerator(seed: seed)
        var table = JobTable()
        var live: [UInt64] = []
        for number in 1...400 as ClosedRange<UInt64> {
            let chosen = live.randomElement(using: &draws) ?? 0
            switch UInt64.random(in: 0..<8, using: &draws) {
            case 0, 1:
                let deadline = number % 4 == 0 ? UInt32.random(in: 1...50, using: &draws) : nil
                let pool = number % 3 == 0 ? "other" : "default"
                table.insert(Self.job(number, pool: pool, prompt: Int(number), deadline: deadline))
                live.append(number)
            case 2 where table[Self.id(chosen)]?.promptLength == 0: table.enqueue(Self.id(chosen), prompt: [0, 1])
            case 3:
                let isOdd = number % 2 == 1
                if let job = table.nextInQueue(except: [], at: Self.now, interactiveFirst: isOdd) {
                    table.begin(job.id, Self.sequence(), at: Self.now)
                }
            case 4: for id in table.takeTurns().reversed() { table.wait(id) }
            case 5: table.follow(Self.id(chosen), Self.watcher(UInt8.random(in: 0...3, using: &draws)))
            case 6: _ = table.unfollow(Self.id(chosen), PeerID([UInt8.random(in: 0...3, using: &draws)]))
            default:
                table.remove(Self.id(chosen))
                live.removeAll { $0 == chosen }
            }
            #expect(table.brokenInvariant == nil, "seed \(seed), step \(number)")
            #expect(table.count == live.count)
        }
    }
}
