import CascadeCore
import CascadeNode
import CascadeTransport
import Foundation
import Testing

@testable import cascade

/// Ten thousand connections of strangers while jobs run.
@Suite(.serialized) struct FloodTests {
    private static let total = 10_000
    private static let perSecond = 500
    private static let phases = 5
    /// The machine may be busy with other things at one moment, not at all of them; a coordinator that a flood holds up is
    /// held up every time.
    private static let attempts = 4

    /// Milliseconds of jobs, one after the other, for as long as `isWanted`.
    private func jobs(_ cluster: TestCluster, _ keys: TestKeys, while isWanted: () -> Bool) async throws -> [Double] {
        let client = try ClusterClient(endpoint: cluster.endpoint, key: try ConnectionKey(path: keys.file(.client)))
        var times: [Double] = []
        while isWanted() {
            let submit = Submit.greedy("Once upon a time there was", maxTokens: 400)
            let start = MonotonicClock.now()
            var follower = AnswerFollower(client: client, submit: submit, patience: 10)
            let report = try await follower.run { _ in }
            #expect(report.error == nil && report.tokens.count > 50)
            times.append(MonotonicClock.now().milliseconds(since: start))
        }
        await client.close()
        return times
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// The most memory that a process has had so far, in MB.
    private func megabytes(_ pid: Int32) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Double(line.split(whereSeparator: { $0 == " " || $0 == "\t" })[1])) / 1_024
    }

    @Test(.timeLimit(.minutes(5)))
    func tenThousandStrangersDisturbNoJob() async throws {
        let keys = try TestKeys()
        let cluster = try await keys.tinyPair()
        let coordinator = try cluster.coordinator.pid
        let warm = MonotonicClock.now()
        _ = try await jobs(cluster, keys) { MonotonicClock.now().milliseconds(since: warm) < 1_000 }
        let before = try megabytes(coordinator)
        var highest = before
        var ratios: [Double] = []
        while ratios.count < Self.attempts, ratios.allSatisfy({ $0 > 1.1 }) {
            var undisturbed: [Double] = []
            var disturbed: [Double] = []
            for _ in 0..<Self.phases {
                let start = MonotonicClock.now()
                undisturbed.append(
                    median(
                        try await jobs(cluster, keys) { MonotonicClock.now().milliseconds(since: start) < 2_000 }
                    )
                )
                // One in fifty is held half open, 40 a time.
                let flood = GarbageFlood(
                    port: cluster.port,
                    count: Self.total / Self.phases,
                    perSecond: Self.perSecond,
                    kinds: Array(repeating: .hangUp, count: 24) + Array(repeating: .babble, count: 25) + [.halfOpen]
                )
                disturbed.append(median(try await jobs(cluster, keys) { !flood.isDone }))
                #expect(flood.made == Self.total / Self.phases)
                highest = max(highest, try megabytes(coordinator))
            }
            ratios.append(median(disturbed) / median(undisturbed))
            print("a job takes \(median(undisturbed)) ms, beside strangers \(median(disturbed)) ms")
        }
        #expect(ratios.contains { $0 <= 1.1 }, "\(ratios)")
        #expect(highest - before < 16, "from \(before) to \(highest) MB")
        print("the coordinator has \(before) MB, beside strangers at most \(highest) MB")
        #expect(try await cluster.nodes().map(\.state) == ["ready", "ready"])
    }

    /// Connections beyond the descriptors wait; nothing is lost, and memory stays bounded.
    @Test(.timeLimit(.minutes(2)))
    func halfOpenConnectionsGiveUpTheirPlaces() async throws {
        let keys = try TestKeys()
        let cluster = try await keys.tinyPair()
        let coordinator = try cluster.coordinator.pid
        let limit = ["--pid", "\(coordinator)", "--nofile=300:300"]
        #expect(await (try ChildProcess(executable: "/usr/bin/prlimit", arguments: limit)).exitCode() == 0)
        let before = try megabytes(coordinator)
        let flood = GarbageFlood(port: cluster.port, count: 500, perSecond: 400, kinds: [.halfOpen])
        let start = MonotonicClock.now()
        let times = try await jobs(cluster, keys) {
            !flood.isDone || MonotonicClock.now().milliseconds(since: start) < 6_000
        }
        #expect(!times.isEmpty)
        #expect(try cluster.coordinator.errors.contains("nearly all descriptors"))
        #expect(try megabytes(coordinator) - before < 16)
        // A newcomer gets in once the strangers' handshakes have been given up.
        let late = try await cluster.client(["status"])
        #expect(late.code == 0, "\(late.errors)")
        #expect(try await cluster.nodes().map(\.state) == ["ready", "ready"])
    }
}
