import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Synthetic nodes as processes of a real cluster.
@Suite struct SyntheticNodeTests {
    private static let prompt = "a prompt that no model reads"

    private func cluster(acceptance: Double) async throws -> TestCluster {
        let cluster = try TestCluster()
        for role in ["expert", "drafter"] {
            _ = try cluster.startClient([role, "--synthetic-acceptance", "\(acceptance)"])
        }
        try await cluster.waitForReady(2)
        return cluster
    }

    private func answer(_ cluster: TestCluster, _ arguments: [String]) async throws -> CascadeProcess.Result {
        try await cluster.client(["submit", "--json", "--drafter-kind", "model"] + arguments + [Self.prompt])
    }

    private struct Synthetic: Decodable {
        var synthetic: Bool
    }

    @Test(arguments: [0.3, 0.8])
    func acceptanceIsWhatWasAskedFor(_ acceptance: Double) async throws {
        let cluster = try await cluster(acceptance: acceptance)
        for temperature in ["0", "0.8"] {
            let result = try await answer(
                cluster,
                ["--temperature", temperature, "--seed", "5", "--num-speculative-tokens", "4", "--max-tokens", "3000"]
            )
            let answer = try Answer(result)
            #expect(answer.tokens.count == 3_000 && answer.finish_reason == "length")
            #expect(try JSONDecoder().decode(Synthetic.self, from: Data(result.output.utf8)).synthetic)
            // What stands behind a rejected token was never judged.
            let judged = Double(answer.cascade.matched + answer.cascade.recovered)
            let sigma = (acceptance * (1 - acceptance) / judged).squareRoot()
            #expect(judged > 2_000)
            #expect(abs(Double(answer.cascade.matched) / judged - acceptance) < 3 * sigma, "temperature \(temperature)")
            #expect(answer.cascade.kept == 0)
        }
    }

    @Test func losslessGivesTheExpertsTokensWhateverIsDrafted() async throws {
        let cluster = try await cluster(acceptance: 0.7)
        var tokens: [[UInt32]] = []
        for length in ["0", "1", "4", "9", "32", "adaptive"] {
            let arguments = ["--num-speculative-tokens", length, "--max-tokens", "400"]
            tokens.append(try Answer(try await answer(cluster, arguments)).tokens)
        }
        #expect(tokens[0].count == 400 && Set(tokens).count == 1)
    }

    @Test(arguments: ["token-v3", "opt", "typical", "token-cascade", "sequential-chow"], ["0", "0.8"])
    func otherRulesWork(_ rule: String, _ temperature: String) async throws {
        let cluster = try await cluster(acceptance: 0.7)
        let arguments = ["--rule", rule, "--temperature", temperature, "--max-tokens", "60"]
        let answer = try Answer(try await answer(cluster, arguments))
        #expect(answer.tokens.count == 60)
    }

    @Test func aPoolHasModelsOrSyntheticNodes() async throws {
        let models = try TestCluster()
        try models.start(.expert, model: ClusterTests.expert)
        try await models.waitForReady(1)
        let fake = try await models.client(["drafter", "--synthetic-acceptance", "0.5"])
        #expect(fake.code == 4 && fake.errors.contains("pool default has models"), "\(fake.errors)")
        let fakes = try TestCluster()
        _ = try fakes.startClient(["expert", "--synthetic-acceptance", "0.5"])
        try await fakes.waitForReady(1)
        let model = try await fakes.client(["drafter", "--model", ClusterTests.drafter])
        #expect(model.code == 4 && model.errors.contains("pool default has synthetic nodes"), "\(model.errors)")
        let other = try await fakes.client(["drafter", "--synthetic-acceptance", "0.6"])
        #expect(other.code == 4 && other.errors.contains("synthetic, acceptance 0.6"), "\(other.errors)")
    }

    @Test(arguments: [
        "expert", "expert --model m --synthetic-acceptance 0.5", "expert --model m --synthetic-ms 3",
        "drafter --synthetic-acceptance 1.5", "drafter --synthetic-acceptance 0.5 --synthetic-ms 4:1,2:1",
        "drafter --synthetic-acceptance 0.5 --synthetic-ms 1:-1", "drafter --synthetic-acceptance 0.5 --synthetic-ms x",
    ])
    func pointlessCommandLinesAreRefused(_ line: String) async throws {
        #expect(try await CascadeProcess.run(line.split(separator: " ").map(String.init)).code == 2)
    }

    @Test(
        arguments: [
            ("20", [1], [20]), ("1:20,8:24.5", [1, 8], [20, 24.5]), ("0", [1], [0]), ("", nil, []), ("1:2:3", nil, []),
            ("a:1", nil, []), ("1:", nil, []), ("1:2,", nil, []),
        ] as [(String, [UInt32]?, [Double])]
    )
    func costCurves(_ text: String, _ rows: [UInt32]?, _ milliseconds: [Double]) {
        let curve = CostPointList(argument: text)
        #expect(curve?.points.map(\.rows) == rows)
        if let curve { #expect(curve.points.map(\.milliseconds) == milliseconds) }
    }
}
