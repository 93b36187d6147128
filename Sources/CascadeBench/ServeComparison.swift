internal import CascadeCore
internal import CascadeHost
package import CascadeNode
internal import Foundation

/// Whether the cluster of one run pays against that of an earlier one: one host against two, for instance.
package struct ServeComparison: Encodable {
    /// What a setting's numbers say.
    enum Verdict: String, Encodable {
        /// Every turn was faster than every turn of the earlier run.
        case pays
        /// Every turn was slower.
        case loses
        /// Turns of the two overlap.
        case unclear
    }

    /// One setting that both runs have. Ratios are this run's over the earlier one's: above 1 is good for rates, below
    /// 1 for times.
    struct Setting: Encodable {
        var concurrency: Int
        var numSpeculativeTokens: String
        var verdict: Verdict
        var tokensPerSecondRatio: Double
        var firstTokenP50Ratio: Nullable<Double>
        var betweenTokensP50Ratio: Nullable<Double>
        var wholeP50Ratio: Nullable<Double>
        var wholeP99Ratio: Nullable<Double>
        /// The verdict in words, with the reason as far as the numbers tell it.
        var sentence: String
    }

    /// The earlier run's file.
    var against: String
    /// Hosts of this run's nodes, and of the earlier one's.
    var hosts: Int
    var hostsBefore: Int
    var settings: [Setting]

    /// Compares two runs; throws where their numbers are of different things.
    package init(_ now: ServeRecord, with before: ServeRecord, file: String) throws(NodeError) {
        var differences: [String] = []
        if now.prompts != before.prompts { differences.append("the prompts") }
        if now.request != before.request { differences.append("what the jobs ask for (rule, sampling, tokens, seed)") }
        if now.synthetic != before.synthetic { differences.append("synthetic nodes or models") }
        guard differences.isEmpty else {
            throw .failed(
                "\(file) cannot be compared: it differs in \(differences.joined(separator: ", "))"
            )
        }
        against = file
        hosts = now.hosts
        hostsBefore = before.hosts
        let words = Words(now: now.hosts, before: before.hosts)
        settings = now.points.compactMap { point in
            before.points.first {
                $0.concurrency == point.concurrency && $0.numSpeculativeTokens == point.numSpeculativeTokens
            }.flatMap { Self.setting(point, $0, words) }
        }
        guard !settings.isEmpty else {
            throw .failed("\(file) has no concurrency and draft length that this run measured too")
        }
    }

    private static func setting(_ now: ServeRecord.Point, _ before: ServeRecord.Point, _ words: Words) -> Setting? {
        guard let rate = now.tokensPerSecond, let rateBefore = before.tokensPerSecond, rateBefore > 0,
            let verdict = verdict(now.tokensPerSecondByTurn, before.tokensPerSecondByTurn)
        else { return nil }
        func ratio(_ key: (ServeRecord.Point.Latencies) -> Double?) -> Nullable<Double> {
            guard let own = key(now.latencyMs), let other = key(before.latencyMs), other > 0 else {
                return Nullable(nil)
            }
            return Nullable(own / other)
        }
        return Setting(
            concurrency: now.concurrency,
            numSpeculativeTokens: now.numSpeculativeTokens,
            verdict: verdict,
            tokensPerSecondRatio: rate / rateBefore,
            firstTokenP50Ratio: ratio(\.firstToken.p50),
            betweenTokensP50Ratio: ratio(\.betweenTokens.p50),
            wholeP50Ratio: ratio(\.whole.p50),
            wholeP99Ratio: ratio(\.whole.p99),
            sentence: words.sentence(verdict, ratio: rate / rateBefore, now, before)
        )
    }

    /// Nil without turns.
    static func verdict(_ now: [Double], _ before: [Double]) -> Verdict? {
        guard let least = now.min(), let most = now.max(), let leastBefore = before.min(), let mostBefore = before.max()
        else { return nil }
        return least > mostBefore ? .pays : most < leastBefore ? .loses : .unclear
    }

    /// The table and the sentences for people.
    var text: String {
        func fixed(_ value: Nullable<Double>) -> String { value.value.map { decimalText($0, 2) } ?? "-" }
        let titles = [
            "JOBS", "K", "TOKENS/S x", "FIRST TOKEN p50 x", "BETWEEN TOKENS p50 x", "WHOLE p50 x", "WHOLE p99 x",
        ]
        let rows = settings.map { setting in
            [
                "\(setting.concurrency)", setting.numSpeculativeTokens,
                decimalText(setting.tokensPerSecondRatio, 2), fixed(setting.firstTokenP50Ratio),
                fixed(setting.betweenTokensP50Ratio), fixed(setting.wholeP50Ratio), fixed(setting.wholeP99Ratio),
            ]
        }
        return "against \(against), this run over that one:\n" + Table.text([titles] + rows) + "\n"
            + settings.map(\.sentence).joined(separator: "\n")
    }
}

/// How a comparison speaks of its two runs.
private struct Words {
    var now: Int
    var before: Int

    func sentence(
        _ verdict: ServeComparison.Verdict,
        ratio: Double,
        _ point: ServeRecord.Point,
        _ old: ServeRecord.Point
    ) -> String {
        let jobs = plural(point.concurrency, "job")
        let place = "at \(jobs), k \(point.numSpeculativeTokens)"
        let isMany = now != before && now > 1
        let times = decimalText(ratio, 2) + "x tokens/s"
        let start =
            switch verdict {
            case .pays: "\(subject) \(isMany ? "pay" : "pays") \(place): \(times)"
            case .loses: "\(subject) \(isMany ? "do" : "does") not pay \(place): \(times)"
            case .unclear:
                "\(subject) \(isMany ? "make" : "makes") no clear difference \(place): \(times), turns overlap"
            }
        return start + (reason(point, old).map { "; \($0)" } ?? "")
    }

    private var subject: String { now == before ? "this run's cluster" : Self.hosts(now) }
    private var other: String { now == before ? "before" : "on \(Self.hosts(before))" }

    private static func hosts(_ count: Int) -> String {
        let names = ["no", "one", "two", "three", "four"]
        return "\(count < names.count ? names[count] : "\(count)") host\(count == 1 ? "" : "s")"
    }

    /// One job: what its rounds wait for. Several: whether the expert has enough to do.
    private func reason(_ point: ServeRecord.Point, _ old: ServeRecord.Point) -> String? {
        func fixed(_ value: Double) -> String { decimalText(value, 1) }
        if let (wait, pass) = point.waitAndPassMs, let (oldWait, oldPass) = old.waitAndPassMs {
            return
                "each round waits \(fixed(wait)) ms for messages and the coordinator (\(fixed(oldWait)) ms \(other)) "
                + "beside \(fixed(pass)) ms in passes (\(fixed(oldPass)) ms)"
        }
        if let busy = point.expertBusy, let oldBusy = old.expertBusy {
            let (own, before) = (decimalText(busy, 2), decimalText(oldBusy, 2))
            return "the expert is busy \(own) of the time (\(before) \(other))"
        }
        return nil
    }
}

/// What a comparison reads of a run's JSON: of an earlier one's file, or of the present one's own.
package struct ServeRecord: Decodable {
    var synthetic: Bool
    var nodes: [Node]
    var prompts: Prompts
    /// Must be alike for numbers to be compared.
    var request: ServeReport.Request
    var points: [Point]

    struct Node: Decodable {
        var host: String
    }

    struct Prompts: Decodable, Equatable {
        var count: Int
        var hash: String
    }

    struct Point: Decodable {
        var concurrency: Int
        var numSpeculativeTokens: String
        var tokensPerSecondByTurn: [Double]
        var tokensPerSecond: Double?
        var msPerRound: Double?
        var latencyMs: Latencies
        var nodes: [NodeUse]

        struct Latencies: Decodable {
            var firstToken: Percentiles
            var betweenTokens: Percentiles
            var whole: Percentiles
        }

        struct Percentiles: Decodable {
            var p50: Double?
            var p99: Double?
        }

        struct NodeUse: Decodable {
            var role: String
            var busyFraction: Double
        }

        /// Of a job that has the cluster for itself: milliseconds per round in which no node was in a pass, and those
        /// in which one was. Nil where the nodes' reports do not say.
        var waitAndPassMs: (wait: Double, pass: Double)? {
            guard concurrency == 1, let msPerRound, !nodes.isEmpty else { return nil }
            let busy = min(1, nodes.reduce(0) { $0 + $1.busyFraction })
            return (msPerRound * (1 - busy), msPerRound * busy)
        }

        /// The largest busy share of an expert; nil where the nodes' reports do not say.
        var expertBusy: Double? { nodes.filter { $0.role == "expert" }.map(\.busyFraction).max() }
    }

    /// Machines, or parts of one, that the nodes compute on.
    var hosts: Int { max(1, Set(nodes.map(\.host)).count) }

    /// Reads a run's JSON; nil where it is none.
    package init?(json: some Collection<UInt8>) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let record = try? decoder.decode(Self.self, from: Data(json)) else { return nil }
        self = record
    }

    /// Reads the file that an earlier run wrote.
    package static func read(_ path: String) throws(NodeError) -> ServeRecord {
        let data: [UInt8]
        do {
            data = try FileAccess.read(path)
        } catch {
            throw .failed("\(error)")
        }
        guard let record = ServeRecord(json: data) else {
            throw .failed("\(path) is not a report of 'cascade bench serve --out'")
        }
        return record
    }
}
