import CascadeCore
import Testing

@testable import CascadeCoordinator
@testable import CascadeSimulation

/// The account of shares sees a scheduler that is unfair, and none that is not.
struct ShareAccountTests {
    /// What a scheduler may get wrong.
    enum Bug: CaseIterable {
        /// The work of prompts is not counted.
        case freePrompts
        /// Weights are not counted.
        case noWeights
        /// Whoever has nothing to do is forgotten, with what it had.
        case forgottenDebts
        /// Who comes back is as far behind as it was when it left: it makes up for what it did not use.
        case savedTime
        /// Sequences at work are not limited.
        case noLimit
        /// The tokens of a minute are not limited.
        case noMinute
    }

    /// Owners with jobs of prompts and rounds, some of whom come and go, and places that are given by the real table of
    /// owners.
    private struct Toy {
        struct Job {
            let id: JobID
            let owner: String
            let prompt: Int
            var rounds: Int
            var tokens = 0
        }

        static let names = ["a", "b", "c"]
        var random: SplitMix64
        let bug: Bug?
        var table = OwnerTable()
        var account = ShareAccount()
        var queue: [Job] = []
        var running: [Job] = []
        var ended: [JobID: Int] = [:]
        var given: UInt64 = 0
        var last: UInt64 = 0
        var now = Instant(nanoseconds: 0)
        /// Virtual times without a clock.
        var unclocked: [String: Double] = [:]

        init(seed: UInt64, bug: Bug?) {
            random = SplitMix64(seed: seed)
            self.bug = bug
            for name in Self.names { limit(name) }
        }

        mutating func limit(_ name: String) {
            var limits = OwnerLimits()
            limits.weight = random.pick(1...5)
            limits.maxNumSeqs = random.chance(0.2) ? 1 : nil
            limits.maxTokensPerMinute = random.chance(0.2) ? 600 : nil
            account.set(limits, of: name)
            if bug == .noWeights { limits.weight = 1 }
            if bug == .noLimit { limits.maxNumSeqs = nil }
            if bug == .noMinute { limits.maxTokensPerMinute = nil }
            table.set(limits, of: name)
        }

        /// One event: something comes or a round is done; then places are given. What the account finds.
        mutating func step() -> String? {
            now = now.advanced(milliseconds: 20)
            switch random.pick(0...20) {
            case 0: limit(random.pick(Self.names))
            case 1: for _ in 0..<random.pick(1...20) { submit("a") }
            case 2...6: submit("b")
            case 7: for _ in 0..<random.pick(1...5) { submit("c") }
            case 8: cancelAll(random.pick(Self.names))
            default: commit()
            }
            if bug == .forgottenDebts { table.forget(beyond: 0) }
            givePlaces()
            let gauges = PlaceGauges(
                running: running.map {
                    PlaceGauges.Running(job: $0.id, owner: $0.owner, promptTokens: $0.prompt, tokens: $0.tokens)
                },
                waiting: Self.names.filter { name in queue.contains { $0.owner == name } },
                given: given,
                takenBack: 0
            )
            return account.note(gauges, at: now) { ended[$0] }
        }

        private mutating func submit(_ owner: String) {
            last += 1
            let prompt = random.pick([1, 5, 40])
            queue.append(Job(id: JobID(rawValue: last), owner: owner, prompt: prompt, rounds: random.pick(1...6)))
            table.add(bytes: 1, to: owner)
        }

        private mutating func cancelAll(_ owner: String) {
            for job in queue + running where job.owner == owner { end(job) }
        }

        private mutating func end(_ job: Job) {
            table.remove(bytes: 1, isRunning: running.contains { $0.id == job.id }, from: job.owner)
            ended[job.id] = job.tokens
            queue.removeAll { $0.id == job.id }
            running.removeAll { $0.id == job.id }
        }

        private mutating func commit() {
            guard !running.isEmpty else { return }
            let index = random.pick(0...(running.count - 1))
            let tokens = random.pick(1...5)
            running[index].tokens += tokens
            running[index].rounds -= 1
            table.charge(tokens, isDrafted: true, to: running[index].owner, at: now)
            charge(tokens, to: running[index].owner)
            if running[index].rounds == 0 { end(running[index]) }
        }

        private mutating func givePlaces() {
            while running.count < 3 {
                let able = queue.filter { table.mayRun($0.owner, at: now) }
                let times = able.map { (job: $0, time: time(of: $0.owner)) }
                guard let next = times.min(by: { ($0.time, $0.job.id.rawValue) < ($1.time, $1.job.id.rawValue) })
                else { return }
                queue.removeAll { $0.id == next.job.id }
                running.append(next.job)
                given += 1
                let prompt = bug == .freePrompts ? 0 : next.job.prompt
                table.begin(promptTokens: prompt, of: next.job.owner, at: now)
                charge(prompt, to: next.job.owner)
            }
        }

        private func time(of owner: String) -> Double {
            bug == .savedTime ? unclocked[owner, default: 0] : table.virtualTime(of: owner)
        }

        private mutating func charge(_ tokens: Int, to owner: String) {
            unclocked[owner, default: 0] += Double(tokens) / Double(table[owner]?.limits.weight ?? 1)
        }
    }

    private static func problem(seed: UInt64, bug: Bug?) -> String? {
        var toy = Toy(seed: seed, bug: bug)
        for _ in 0..<2_000 {
            if let problem = toy.step() { return problem }
        }
        return nil
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func aFairSchedulerIsFoundFair(seed: UInt64) {
        #expect(Self.problem(seed: seed, bug: nil) == nil)
    }

    @Test(arguments: Bug.allCases)
    func anUnfairSchedulerIsCaught(bug: Bug) {
        let found = (1...40 as ClosedRange<UInt64>).compactMap { Self.problem(seed: $0, bug: bug) }
        print("\(bug): \(found.first ?? "not caught"), \(found.count) of 40")
        #expect(found.count >= 10)
    }
}
