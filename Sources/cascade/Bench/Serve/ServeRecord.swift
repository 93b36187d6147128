internal import CascadeHost
internal import Foundation

/// What a comparison reads of a run's JSON: of an earlier one's file, or of the present one's own.
struct ServeRecord: Decodable {
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
    init?(json: some Collection<UInt8>) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        guard let record = try? decoder.decode(Self.self, from: Data(json)) else { return nil }
        self = record
    }

    /// Reads the file that an earlier run wrote.
    static func read(_ path: String) throws -> ServeRecord {
        let data: [UInt8]
        do {
            data = try FileAccess.read(path)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        guard let record = ServeRecord(json: data) else {
            throw CommandFailure.failed("\(path) is not a report of 'cascade bench serve --out'")
        }
        return record
    }
}
