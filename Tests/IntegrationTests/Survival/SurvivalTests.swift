import CascadeCore
import CascadeHost
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// One thing goes wrong while answers are under way; all of them end, and each token is the one that was promised. The
/// cases are named after the list of faults.
@Suite(.serialized, SurvivalScope()) struct SurvivalTests {
    /// A fault and how long it lasts.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var fault: SurvivalFault
        var seconds = 0.5

        init(_ name: String, _ fault: SurvivalFault, _ seconds: Double = 0.5) {
            (self.name, self.fault, self.seconds) = (name, fault, seconds)
        }

        var testDescription: String { "\(name): \(fault)" }
    }

    private static let expert = SurvivalFault.Place.member(.firstExpert)
    private static let drafter = SurvivalFault.Place.member(.firstDrafter)

    private func cluster() throws -> SurvivalCluster { try #require(SurvivalScope.current) }

    /// Lets it happen in the middle of every client's answer; which answers those are, depends on the fault.
    private func survive(_ fault: SurvivalFault, seconds: Double, jobs: [SurvivalJob]? = nil) async throws
        -> SurvivalLoad.Outcome
    {
        let cluster = try cluster()
        let jobs = if let jobs { jobs } else { try await Self.jobs.value }
        let seed = "\(fault)".utf8.reduce(5) { ($0 &* 31) &+ UInt64($1) }
        let load = SurvivalLoad(cluster, jobs: jobs, clients: SurvivalScope.clients, seed: seed)
        let outcome = try await load.during {
            try await cluster.with(fault) { try await Task.sleep(for: .seconds(seconds)) }
            try await load.settle()
        }
        #expect(outcome.problems.isEmpty, "\(outcome.problems)")
        #expect(outcome.count >= SurvivalScope.clients)
        try await cluster.waitUntilWhole()
        return outcome
    }

    private static let jobs = Task { try await SurvivalJob.all() }
    /// What the first cluster that is asked says while nothing goes wrong, all say.
    private static let fixedLengthJobs = Task { try await SurvivalJob.fixedLength(#require(SurvivalScope.current)) }

    @Test(
        .timeLimit(.minutes(2)),
        arguments: [
            Case("F1", .kill(.firstDrafter)), Case("F1", .kill(.firstExpert)), Case("F1, F30", .killClient(0)),
            Case("F3", .stop(.firstExpert), 1), Case("F3", .stop(.firstDrafter), 1), Case("F3", .stop(.coordinator), 1),
            Case("F4", .drain(.firstExpert)), Case("F4", .drain(.firstDrafter)), Case("F5", .crash(.firstExpert)),
            Case("F8", .cut(expert, .toServer), 1), Case("F8", .cut(expert, .toClient), 1),
            Case("F8", .cut(drafter, nil), 1),
            Case("F8", .cut(.client(0), nil), 1), Case("F8", .swallow(expert, .toServer)), Case("F9", .reset(expert)),
            Case("F9", .reset(drafter)), Case("F9", .reset(.client(1))), Case("F11", .latency(expert, 200)),
            Case("F12", .narrow(drafter, 16)), Case("F13", .slice(expert)), Case("F14", .cutInTheMiddle(expert, 777)),
            Case("F15", .flap(expert, 300), 1.2), Case("F29", .stopClient(1)), Case("F34", .slow(.firstExpert)),
            Case("closes late", .closeSlowly(drafter, 500)), Case("down", .goDown(expert)),
        ]
    )
    func answersAreAsPromised(_ test: Case) async throws {
        let outcome = try await survive(test.fault, seconds: test.seconds)
        #expect(outcome.killed == (test.fault == .killClient(0) ? 1 : 0))
    }

    /// F10, F3: a node that is away for longer than anybody waits is missed, and its late word on a job that still runs
    /// changes nothing.
    @Test(.timeLimit(.minutes(2)), arguments: [SurvivalFault.cut(expert, .toServer), .stop(.firstExpert)])
    func aNodeThatWasGivenUpIsFenced(_ fault: SurvivalFault) async throws {
        let cluster = try cluster()
        let before = try await cluster.status()
        func joins() throws -> Int { try cluster.process(.firstExpert).errors.split(separator: "] joined").count }
        let joinsBefore = try joins()
        let jobs = [try await SurvivalJob.long(maxTokens: 400)]
        let load = SurvivalLoad(cluster, jobs: jobs, clients: SurvivalScope.clients, seed: 10)
        // Alone, it has every job in hand; the other one takes them over.
        try await cluster.begin(.kill(.secondExpert))
        let outcome = try await load.during {
            try await cluster.with(fault) {
                try await Task.sleep(for: .milliseconds(500))
                try await cluster.end(.kill(.secondExpert))
                try await Task.sleep(for: .seconds(5))
            }
            try await load.settle()
        }
        #expect(outcome.problems.isEmpty, "\(outcome.problems)")
        #expect(outcome.count >= SurvivalScope.clients)
        try await cluster.waitUntilWhole()
        #expect(try joins() > joinsBefore)
        let after = try await cluster.status()
        // What has stood still may see by its own clock that it was given up, and keeps its late word to itself then.
        if case .cut = fault { #expect(after.staleMessages > before.staleMessages) }
        #expect(after.stall == nil)
    }

    /// F1, F16, I8: jobs outlive their coordinator; those that were under way end as if nothing had been.
    @Test(.timeLimit(.minutes(2)), arguments: [SurvivalFault.kill(.coordinator), .moveCoordinator], 0..<3)
    func jobsOutliveTheirCoordinator(_ fault: SurvivalFault, turn: Int) async throws {
        _ = try await survive(fault, seconds: 0.1 + 0.3 * Double(turn))
        // The one that is there now found what the one before had begun.
        let coordinator = try cluster().process(.coordinator)
        #expect(coordinator.errors.contains("jobs found in the journal"))
    }

    /// I7: without any drafter the expert goes on alone; when drafters are back, so is speculation.
    @Test(.timeLimit(.minutes(2))) func withoutDraftersDecodingIsPlain() async throws {
        let cluster = try cluster()
        let jobs = try await Self.jobs.value
        _ = try await survive(.killBothDrafters, seconds: 1)
        // And from the start.
        try await cluster.begin(.killBothDrafters)
        try await waitUntil("the drafters are missed") { try await cluster.nodes().count == Member.experts.count }
        let command = jobs.first { $0.options.contains("4") }
        let job = try #require(command)
        let plain = try Answer(await cluster.client(job.command))
        #expect(job.problem(of: plain) == nil)
        #expect(plain.speculative_decoding.num_spec_steps == 0)
        #expect(try await cluster.client(["health"]).code == 0, "plain decoding is well")
        try await cluster.end(.killBothDrafters)
        try await cluster.waitUntilWhole()
        let drafted = try Answer(await cluster.client(job.command))
        #expect(job.problem(of: drafted) == nil)
        #expect(drafted.speculative_decoding.num_accepted_draft_tokens > 0)
    }

    /// F6: the kernel ends the expert because its group has no memory left.
    @Test(.timeLimit(.minutes(2)), .enabled(if: MemoryGroup.isAvailable, Comment(rawValue: MemoryGroup.want)))
    func anExpertThatTheKernelEnds() async throws {
        let cluster = try cluster()
        try await cluster.begin(.kill(.secondExpert))
        try await MemoryGroup.with(limit: 320 << 20) { group in
            let expert = try cluster.start(.secondExpert, launcher: group.launcher)
            try await cluster.waitUntilWhole()
            let load = SurvivalLoad(cluster, jobs: try await Self.jobs.value, clients: SurvivalScope.clients, seed: 6)
            let outcome = try await load.during {
                // Of all in the group it is the one to go; what eats the memory goes next.
                try "1000".write(toFile: "/proc/\(expert.pid)/oom_score_adj", atomically: false, encoding: .utf8)
                let eater = group.launcher + ["/bin/sh", "-c", "exec tail /dev/zero"]
                let end = await (try ChildProcess(executable: eater[0], arguments: Array(eater.dropFirst()))).exitCode()
                #expect(end == -SIGKILL)
                #expect(await expert.result().code == -SIGKILL)
                try await load.settle()
            }
            #expect(outcome.problems.isEmpty && outcome.count >= SurvivalScope.clients, "\(outcome)")
            try cluster.start(.secondExpert)
            try await cluster.waitUntilWhole()
        }
    }

    /// A minute's worth of the long run: a seed's faults, one after the other, with clients that never stop.
    @Test(.timeLimit(.minutes(5)), arguments: [UInt64(2026)])
    func aSeedsFaults(_ seed: UInt64) async throws {
        let cluster = try cluster()
        let run = SurvivalRun(cluster, seed: seed, clients: SurvivalScope.clients, pause: 0.1...0.4, longest: 1.2)
        for line in try await run.perform(faults: 6) { print(line) }
        let before = cluster.samples()
        let problems = try await cluster.audit()
        #expect(problems == [])
        for (name, _, sample) in before where name != SoakReport.ownName {
            #expect(!SoakReport.isTooMuch(sample), "\(name): \(sample)")
        }
    }

    /// Nothing takes a draft away: even rejection sampling with a fixed draft length gives the same bytes (G4).
    @Test(
        .timeLimit(.minutes(2)),
        arguments: [
            Case("F1", .kill(.firstExpert)), Case("F1", .kill(.secondExpert)), Case("F3", .stop(.secondExpert), 0.8),
            Case("F4", .drain(.firstExpert)), Case("F8", .cut(expert, nil), 0.8), Case("F9", .reset(expert)),
            Case("F34", .slow(.firstExpert), 0.8),
        ]
    )
    func rejectionSamplingGivesTheSameBytes(_ test: Case) async throws {
        let jobs = try await Self.fixedLengthJobs.value
        let outcome = try await survive(test.fault, seconds: test.seconds, jobs: jobs)
        #expect(outcome.done[.fixedLength, default: 0] >= SurvivalScope.clients && outcome.accepted > 0)
    }

    @Test func aSeedNamesItsFaults() {
        func schedule(_ seed: UInt64) -> [FaultSchedule.Entry] {
            Array(FaultSchedule(seed: seed, scope: .everything, clients: 3, pause: 1...2, longest: 5).prefix(500))
        }
        #expect(schedule(1) == schedule(1))
        #expect(schedule(1) != schedule(2))
        let kinds = Set(schedule(1).map { "\($0.fault)".split(separator: " ").first ?? "" })
        #expect(kinds.count >= 8)
        #expect(schedule(1).allSatisfy { (1...2).contains($0.pause) && (0.2...5).contains($0.seconds) })
    }
}
