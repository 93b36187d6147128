import CascadeCore
import CascadeHost
import CascadeKeys
import CascadeNode
import CascadeTestSupport
import CascadeTransport
import Foundation
import Testing

@testable import cascade

/// Ten thousand connections of strangers, and few that never end what they begin, while jobs run.
@Suite(.serialized) struct FloodTests {
    private static let total = 10_000
    private static let perSecond = 500
    private static let phases = 5
    /// The machine may be busy with other things at one moment, not at all of them; a coordinator that a flood holds up
    /// is held up every time.
    private static let attempts = 4
    /// What unfinished messages may take: 6 MB, 32 to 42 times, and what comes until they are looked at.
    private static let unfinishedMegabytes = 384.0

    /// Milliseconds of jobs, one after the other, for as long as `isWanted`.
    private func jobs(
        _ cluster: TestCluster,
        _ keys: TestKeys?,
        tokens: Int = 400,
        while isWanted: () -> Bool
    ) async throws -> [Double] {
        let key = try keys.map { try ConnectionKey(path: $0.file(.client)) }
        let client = try ClusterClient(endpoint: cluster.endpoint, key: key)
        var times: [Double] = []
        while isWanted() {
            let submit = Submit.greedy("Once upon a time there was", maxTokens: UInt32(tokens))
            let start = MonotonicClock.now()
            var follower = AnswerFollower(client: client, submit: submit, patience: 10)
            let report = try await follower.run { _ in }
            #expect(report.error == nil && report.tokens.count > tokens / 8)
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

    /// Strangers make room for others where descriptors are few; nothing is lost, and memory stays bounded.
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
        #expect(try cluster.coordinator.errors.contains("too many connections"))
        #expect(try megabytes(coordinator) - before < 16)
        // A newcomer gets in once the strangers' handshakes have been given up.
        let late = try await cluster.client(["status"])
        #expect(late.code == 0, "\(late.errors)")
        #expect(try await cluster.nodes().map(\.state) == ["ready", "ready"])
    }

    /// Four strangers send what never ends, over and over, as fast as they can: memory stays bounded, at its peak and
    /// afterwards, and jobs are answered meanwhile.
    @Test(.timeLimit(.minutes(2)), arguments: PartsFlood.Kind.allCases)
    func whatNeverEndsTakesBoundedMemory(_ kind: PartsFlood.Kind) async throws {
        let cluster = try await TestCluster.tinyPair()
        let coordinator = try cluster.coordinator.pid
        let warm = MonotonicClock.now()
        _ = try await jobs(cluster, nil) { MonotonicClock.now().milliseconds(since: warm) < 500 }
        let before = try megabytes(coordinator)
        let floods = (1...4).map { PartsFlood(kind, port: cluster.port, seed: UInt64($0)) }
        let start = MonotonicClock.now()
        // Beside handshakes of a megabyte each, which keep ZeroMQ's thread busy, a round takes a good part of a second.
        let times = try await jobs(cluster, nil, tokens: 40) {
            MonotonicClock.now().milliseconds(since: start) < 5_000 || floods.contains { $0.bytes < 100_000 }
        }
        for flood in floods { flood.stop() }
        try await waitUntil("the strangers are gone") { floods.allSatisfy(\.isDone) }
        let peak = try megabytes(coordinator)
        let bytes = floods.map(\.bytes).reduce(0, +)
        let connections = floods.map(\.connections).reduce(0, +)
        print("\(kind): \(bytes >> 20) MB in \(connections) connections, from \(before) to \(peak) MB")
        #expect(!times.isEmpty)
        #expect(peak - before < Self.unfinishedMegabytes, "from \(before) to \(peak) MB")
        try await waitUntil("the memory goes back") {
            Double(try #require(ProcessStatus.residentBytes(coordinator))) / 1_048_576 < before + 32
        }
        #expect(try await cluster.nodes().map(\.state) == ["ready", "ready"])
    }

    /// A node is no better off than the coordinator that it dials.
    @Test(.timeLimit(.minutes(2)))
    func aCoordinatorThatNeverEndsTakesBoundedMemory() async throws {
        let port = try TCPSocket.freePort()
        let node = try CascadeProcess(
            ["drafter", "--model", ClusterTests.drafter, "--endpoint", "tcp://127.0.0.1:\(port)", "--threads", "1"]
        )
        try await waitUntil("the node dials") { node.errors.contains("joining") }
        let before = try megabytes(node.pid)
        let listener = try #require(TCPSocket.listen(at: SocketAddress(port: port)))
        let flood = PartsFlood(.emptyParts, listener: listener)
        try await waitUntil("the node has ended some connections") { flood.connections >= 3 }
        flood.stop()
        try await waitUntil("the stranger is gone") { flood.isDone }
        close(listener)
        let peak = try megabytes(node.pid)
        print("a node beside a hostile coordinator: from \(before) to \(peak) MB")
        #expect(peak - before < Self.unfinishedMegabytes)
        #expect(node.errors.contains("ended a connection"))
        #expect(!node.isDone)
    }
}
