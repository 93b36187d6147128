import CascadeCore
import CascadeNode
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// The table of deploy/guide/failures.md: how long a stream stands still. Runs where
/// CASCADE_MEASURE names a folder for the raw output, and asks for nothing but that the answers are right.
@Suite(.serialized) struct FaultMeasurement {
    private static let folder = ProcessInfo.processInfo.environment["CASCADE_MEASURE"].map { URL(filePath: $0) }
    private static let runs = 5
    /// Others want the machine too: what has not begun by then is left to the next run, which leaves out what is there.
    private static let slice = Duration.seconds(180)
    private static let prompt = ClusterTests.prompts[4]
    private static let maxTokens: UInt32 = 400

    /// A failure, and what happens to a stream in whose middle it comes.
    private struct Failure {
        var name: String
        var consequence: String
        /// Chooses the fault by the expert and the drafter that have the job.
        var fault: @Sendable (_ expert: Member, _ drafter: Member) -> SurvivalFault?
        /// How long it lasts.
        var seconds = 8.0
    }

    private static let failures = [
        Failure(name: "nothing fails", consequence: "the longest pause of an answer all the same") { _, _ in nil },
        Failure(name: "its drafter is killed", consequence: "the other drafter takes over") { .kill($1) },
        Failure(name: "both drafters are killed", consequence: "the expert goes on without drafts") { _, _ in
            .killBothDrafters
        },
        Failure(
            name: "its drafter is stopped",
            consequence: "the round goes on without a draft"
        ) { .stop($1) },
        Failure(name: "its expert is killed", consequence: "the other expert reads the tokens again") { expert, _ in
            .kill(expert)
        },
        Failure(name: "its expert is stopped", consequence: "the round is asked of the other expert too") { expert, _ in
            .stop(expert)
        },
        Failure(name: "its expert's engine hangs", consequence: "the same, while pings are answered") { expert, _ in
            .freezeEngine(expert)
        },
        Failure(name: "its expert's link loses what it says", consequence: "the same") { expert, _ in
            .cut(.member(expert), .toServer)
        },
        Failure(name: "its expert's link loses what it is told", consequence: "the same") { expert, _ in
            .cut(.member(expert), .toClient)
        },
        Failure(name: "its expert's link is reset", consequence: "the node joins again and is asked again") {
            expert,
            _ in
            .reset(.member(expert))
        },
        Failure(name: "the client's link is reset", consequence: "the client goes on at its offset") { _, _ in
            .reset(.client(0))
        },
        Failure(name: "another client vanishes", consequence: "its job runs on with nobody who listens") { _, _ in
            .killClient(1)
        },
        Failure(
            name: "the coordinator is stopped for 2 s",
            consequence: "everything waits for it",
            fault: { _, _ in .stop(.coordinator) },
            seconds: 2
        ),
        Failure(
            name: "the coordinator is killed and started again at once",
            consequence: "the next one goes on with its jobs, the client at its offset",
            fault: { _, _ in .kill(.coordinator) },
            seconds: 0
        ),
    ]

    /// One line of the raw output.
    private struct Row: Codable {
        var failure: String
        var consequence: String
        var pauses_ms: [Double]
        var median_ms: Double
        var longest_ms: Double
    }

    @Test(
        .enabled(
            if: folder != nil,
            "a measurement of minutes, not a check: CASCADE_MEASURE=FOLDER runs it and keeps its output"
        )
    )
    func howLongStreamsStandStill() async throws {
        let folder = try #require(Self.folder)
        let cluster = try await SurvivalCluster(clients: 2)
        let expected = try await Generated.run(
            model: ClusterTests.expert,
            texts: [Self.prompt],
            maxTokens: Int(Self.maxTokens)
        )[0].tokens
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "faults.json")
        var rows = (try? JSONDecoder().decode([Row].self, from: Data(contentsOf: file))) ?? []
        let started = ContinuousClock.now
        for failure in Self.failures where !rows.contains(where: { $0.failure == failure.name }) {
            guard started.duration(to: .now) < Self.slice else {
                print("the rest is measured by the same command, once more")
                break
            }
            var pauses: [Double] = []
            for _ in 0..<Self.runs { pauses.append(try await pause(cluster, failure, expected)) }
            let sorted = pauses.sorted().map { ($0 * 10).rounded() / 10 }
            rows.append(
                Row(
                    failure: failure.name,
                    consequence: failure.consequence,
                    pauses_ms: sorted,
                    median_ms: sorted[sorted.count / 2],
                    longest_ms: sorted[sorted.count - 1]
                )
            )
            print("\(failure.name): \(sorted)")
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            try encoder.encode(rows).write(to: file)
            try Self.table(rows).write(to: folder.appending(path: "report.md"), atomically: true, encoding: .utf8)
        }
        print(Self.table(rows))
    }

    private static func table(_ rows: [Row]) -> String {
        let lines = rows.map { row in
            func seconds(_ milliseconds: Double) -> String { String(format: "%.2f", milliseconds / 1_000) }
            return "| \(row.failure) | \(row.consequence) | \(seconds(row.median_ms)) | \(seconds(row.longest_ms)) |"
        }
        let head = ["| failure | what happens | longest pause, s, median | the longest |", "|---|---|---|---|"]
        return (head + lines).joined(separator: "\n") + "\n"
    }

    /// The longest pause, in milliseconds, of an answer in whose middle it happens.
    private func pause(_ cluster: SurvivalCluster, _ failure: Failure, _ expected: [Token]) async throws -> Double {
        // Another job where its client is what fails; else who has the only job can be told.
        var other: CascadeProcess?
        if failure.fault(.firstExpert, .firstDrafter) == .killClient(1) {
            other = try cluster.startClient(1, ["submit", ClusterTests.prompts[0], "--raw", "--max-tokens", "400"])
        }
        let watch = StreamWatch()
        let link = try cluster.link(.client(0))
        let answer = Task { try await Self.follow(link.port, watch) }
        try await waitUntil("the answer is under way") { watch.count >= 60 }
        let (expert, drafter) = try await cluster.busiest()
        if let fault = failure.fault(expert, drafter) {
            try await cluster.begin(fault)
            let end = ContinuousClock.now + .seconds(failure.seconds)
            while ContinuousClock.now < end, failure.seconds <= 2 || !watch.isDone {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await cluster.end(fault)
        }
        #expect(try await answer.value == expected)
        _ = await other?.result()
        try await cluster.waitUntilWhole()
        return watch.longest
    }

    /// Streams the answer.
    private static func follow(_ port: UInt16, _ watch: StreamWatch) async throws -> [Token] {
        defer { watch.end() }
        let client = try ClusterClient(endpoint: "tcp://127.0.0.1:\(port)")
        let submit = Submit.greedy(prompt, maxTokens: maxTokens, explains: true)
        var follower = AnswerFollower(client: client, submit: submit, patience: 60)
        let report = try await follower.run { notice in
            if case .explained(let tokens) = notice { watch.see(tokens.count) }
        }
        await client.close()
        return report.tokens
    }
}

/// When a client's deltas come.
private final class StreamWatch: Sendable {
    private let state = Mutex((last: nil as ContinuousClock.Instant?, longest: 0.0, count: 0, isDone: false))

    func see(_ tokens: Int) {
        let now = ContinuousClock.now
        state.withLock { state in
            if let last = state.last { state.longest = max(state.longest, last.duration(to: now) / .milliseconds(1)) }
            state.last = now
            state.count += tokens
        }
    }

    func end() { state.withLock { $0.isDone = true } }
    var longest: Double { state.withLock { $0.longest } }
    var count: Int { state.withLock { $0.count } }
    var isDone: Bool { state.withLock { $0.isDone } }
}

extension SurvivalCluster {
    /// The expert and the drafter that have most to do just now.
    fileprivate func busiest() async throws -> (expert: Member, drafter: Member) {
        func said(_ members: [Member]) throws -> [Int] { try members.map { try link(.member($0)).bytes(.toServer) } }
        let before = try (said(Member.experts), said(Member.drafters))
        try await Task.sleep(for: .milliseconds(150))
        let after = try (said(Member.experts), said(Member.drafters))
        func most(_ members: [Member], _ before: [Int], _ after: [Int]) -> Member {
            members.indices.max { after[$0] - before[$0] < after[$1] - before[$1] }.map { members[$0] } ?? members[0]
        }
        return (most(Member.experts, before.0, after.0), most(Member.drafters, before.1, after.1))
    }
}
