import CascadeCore
import CascadeHost
import Foundation
import Testing

@testable import CascadeBench

/// The arithmetic of `cascade bench serve`, without a cluster.
struct ServeReportTests {
    private func instant(_ milliseconds: Double) -> Instant { Instant(nanoseconds: UInt64(milliseconds * 1e6)) }

    private func report(tokens: Int, counts: SpeculationCounts = SpeculationCounts()) -> JobReport {
        JobReport(
            job: JobID(rawValue: 1),
            reason: .length,
            error: nil,
            tokens: [Token](repeating: 1, count: tokens),
            text: [],
            promptTokens: 3,
            sampling: SamplingSettings(),
            rule: RuleSettings(),
            seed: 1,
            draftLength: .adaptive,
            drafterKind: .both,
            draftMinimumConfidence: 0,
            counts: counts,
            queueMilliseconds: 0,
            firstTokenMilliseconds: 1,
            totalMilliseconds: 2
        )
    }

    private func status(rounds: UInt64, processor: Double, traffic: [MessageTraffic]) -> ClusterStatus {
        ClusterStatus(
            requestID: 1,
            boot: 1,
            software: "",
            uptimeMilliseconds: 0,
            queuedJobs: 0,
            runningJobs: 0,
            finishedJobs: 0,
            drafters: 1,
            experts: 1,
            staleMessages: 0,
            counts: SpeculationCounts(rounds: rounds),
            traffic: traffic,
            cpuMilliseconds: processor
        )
    }

    private func node(_ name: String, busy: UInt64, uptime: UInt64, processor: UInt64) -> NodeSummary {
        NodeSummary(
            identity: NodeIdentity(name: name, incarnation: 1),
            role: .expert,
            pool: "default",
            modelName: "m",
            state: .ready,
            inFlight: 0,
            credits: 1,
            progress: Progress(
                passes: 0,
                pending: 0,
                kvTokensUsed: 0,
                busyMilliseconds: busy,
                uptimeMilliseconds: uptime,
                cpuMilliseconds: processor
            ),
            kvTokens: 100,
            contextLength: 100,
            costs: [],
            software: "",
            silentMilliseconds: 0,
            host: "boot/0-1"
        )
    }

    // MARK: Times

    @Test func aTraceDividesTimesByTheirTokens() {
        var trace = JobTrace(started: instant(100))
        #expect(trace.receive(total: 2, at: instant(130)) == 2)
        #expect(trace.receive(total: 6, at: instant(150)) == 4)
        #expect(trace.receive(total: 6, at: instant(155)) == 0)
        #expect(trace.receive(total: 7, at: instant(160)) == 1)
        #expect(trace.firstTokenMilliseconds == 30)
        #expect(trace.betweenTokensMilliseconds == [5, 10])
        #expect(trace.tokens == 7)
    }

    @Test func percentilesAreInterpolated() {
        let values = ServePoint.Percentiles((0...100).map(Double.init).shuffled())
        #expect(values.p50.value == 50 && values.p90.value == 90 && values.p99.value == 99)
        #expect(ServePoint.Percentiles([4]).p99.value == 4)
        #expect(ServePoint.Percentiles([]).p50.value == nil)
    }

    @Test func settingsTakeTurns() {
        let lengths: [DraftLength] = [.fixed(0), .fixed(4), .adaptive]
        let order = (0..<4).map { turn in
            ServeSetting.order(concurrency: [1, 8], draftLengths: lengths, turn: turn).map(\.label)
        }
        #expect(order[0].first == "1 in flight, k 0" && order[0].last == "8 in flight, k adaptive")
        #expect(order[1].first == "1 in flight, k 4" && order[1].last == "8 in flight, k 0")
        #expect(order[3] == order[0])
        #expect(order.allSatisfy { Set($0) == Set(order[0]) })
    }

    // MARK: Points

    private func turn(rate: Double, length: DraftLength) -> TurnOutcome {
        var turn = TurnOutcome(setting: ServeSetting(concurrency: 2, draftLength: length))
        (turn.fullSeconds, turn.fullTokens, turn.fullJobs) = (2, Int(2 * rate), 4)
        (turn.seconds, turn.clientMilliseconds) = (4, 400)
        return turn
    }

    @Test func ratiosAreOfTurnsThatBelongTogether() throws {
        let plain = [10.0, 20, 40].map { turn(rate: $0, length: .fixed(0)) }
        let drafted = [15.0, 40, 60].map { turn(rate: $0, length: .fixed(4)) }
        let points = ServeReport.points(
            [plain[0], drafted[0], drafted[1], plain[1], plain[2], drafted[2]],
            settings: ServeSetting.all(concurrency: [2, 3], draftLengths: [.fixed(0), .fixed(4), .adaptive])
        )
        #expect(points.map(\.numSpeculativeTokens) == ["0", "4"])
        #expect(points[0].ratioToNoDrafts.value == 1)
        #expect(points[1].ratioToNoDrafts.value == 1.5)
        #expect(points[1].tokensPerSecond.value == 40)
        #expect(points[1].tokensPerSecondByTurn == [15, 40, 60])
        #expect(points[1].jobsPerSecond.value == 2)
        #expect(abs((points[1].clientCpuCores.value ?? 0) - 0.1) < 1e-9)
        // Not measured is not 0.
        #expect(points[0].msPerRound.value == nil && points[0].latencyMs.whole.p50.value == nil)
        #expect(points[0].speculation.draftAcceptanceRate.value == nil)
        #expect(points[0].coordinator.cpuMsPerRound.value == nil && points[0].wire.bytesPerRound.value == nil)
    }

    @Test func roundsAreCountedWithoutTheFirst() {
        var one = turn(rate: 1, length: .fixed(4))
        var trace = JobTrace(started: instant(0))
        trace.receive(total: 3, at: instant(50))
        let counts = SpeculationCounts(
            rounds: 5,
            draftedRounds: 4,
            drafted: 16,
            matched: 6,
            recovered: 2,
            bonus: 3,
            discarded: 8,
            lookupDrafted: 4,
            lookupAccepted: 1
        )
        one.jobs = [TurnOutcome.Job(trace: trace, milliseconds: 130, report: report(tokens: 10, counts: counts))]
        let point = ServePoint(one.setting, turns: [one], baselines: [nil])
        #expect(point.msPerRound.value == 20)
        #expect(point.speculation.draftAcceptanceRate.value == 0.375)
        #expect(point.speculation.judgedAcceptanceRate.value == 0.75)
        #expect(point.speculation.meanAcceptanceLength.value == 2.5)
        #expect(point.speculation.copiedShare.value == 0.1)
        #expect(point.ratioToNoDrafts.value == nil)
    }

    @Test func countersAreDifferenced() throws {
        func traffic(_ factor: UInt64) -> [MessageTraffic] {
            [
                MessageTraffic(message: "verify", sentMessages: 10 * factor, sentBytes: 1_000 * factor),
                MessageTraffic(message: "verified", receivedMessages: 10 * factor, receivedBytes: 500 * factor),
                MessageTraffic(message: "delta", sentMessages: 10 * factor, sentBytes: 300 * factor),
                MessageTraffic(message: "ping", sentMessages: 7 * factor, sentBytes: 70 * factor),
            ]
        }
        var one = turn(rate: 1, length: .fixed(4))
        one.statusBefore = status(rounds: 10, processor: 100, traffic: traffic(1))
        one.statusAfter = status(rounds: 30, processor: 104, traffic: traffic(3))
        one.nodesBefore = [node("a", busy: 100, uptime: 1_000, processor: 50)]
        one.nodesAfter = [
            node("a", busy: 600, uptime: 2_000, processor: 1_550), node("new", busy: 1, uptime: 2, processor: 3),
        ]
        let counts = SpeculationCounts(rounds: 20, draftedRounds: 20, drafted: 80)
        one.jobs = [
            TurnOutcome.Job(
                trace: JobTrace(started: instant(0)),
                milliseconds: 1,
                report: report(tokens: 50, counts: counts)
            )
        ]
        let point = ServePoint(one.setting, turns: [one, turn(rate: 1, length: .fixed(4))], baselines: [])
        #expect(point.coordinator.cpuMsPerRound.value == 0.2)
        #expect(point.coordinator.roundsPerSecond.value == 5)
        #expect(point.coordinator.cpuShareOfWall.value == 0.001)
        #expect(point.wire.bytesPerRound.value == 150)
        #expect(point.wire.bytesPerToken.value == 60)
        #expect(point.wire.bytesPerDraftedPosition.value == 37.5)
        #expect(point.wire.clientBytesPerToken.value == 12)
        #expect(point.wire.messages.map(\.message) == ["delta", "ping", "verified", "verify"])
        #expect(point.wire.messages[3].perRound == 1 && point.wire.messages[3].bytesEach == 100)
        let use = try #require(point.nodes.first)
        #expect(point.nodes.count == 1 && use.nodeId == "a" && use.busyFraction == 0.5 && use.cpuCores == 1.5)
        #expect(point.hosts.map(\.cores.value) == [2] && point.hosts[0].cpuCores == 1.5)
    }

    @Test(
        arguments: [
            ("b/0-1", 2), ("b/0,2-3,7", 4), ("b/5", 1), ("b/", nil), ("", nil), ("b", nil), ("b/x", nil),
            ("b/3-1", nil), ("b/0-9223372036854775807", nil), ("b/0-65535", 65_536),
        ] as [(String, Int?)]
    )
    func coresOfAHost(_ host: String, _ cores: Int?) {
        #expect(ServePoint.HostUse.cores(in: host) == cores)
    }
}
