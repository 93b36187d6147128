import CascadeTestSupport
import Foundation
import Testing

/// `cascade eval` and `cascade tune` against real processes with tiny models.
@Suite(.serialized) struct EvalCommandTests {
    private struct Line: Codable, Equatable {
        var key: String
        var phase: String
        var problem: String
        var method: String
        var temperature: Double
        var text: String
        var expert: String
        var log_likelihood: Double?
        var passed: Bool?
    }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "eval-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func prompts(_ folder: URL) throws -> String {
        let file = folder.appending(path: "prompts.txt")
        try Data(ClusterTests.prompts.joined(separator: "\n").utf8).write(to: file)
        return file.path
    }

    private func lines(_ folder: URL) throws -> [Line] {
        try String(contentsOf: folder.appending(path: "results.jsonl"), encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test(.timeLimit(.minutes(4)))
    func aRunReportsAndGoesOnWhereItStopped() async throws {
        try await withFolder { folder in
            let cluster = try await TestCluster.tinyPair()
            let out = folder.appending(path: "out")
            let command =
                [
                    "eval", "text", "--prompts", try prompts(folder), "--raw", "--rules",
                    "expert-only,lossless,token-v3:0.5",
                ]
                + ["--temperatures", "0,0.8", "--samples", "2", "--max-tokens", "24", "--latency-problems", "1"]
                + ["--likelihood", ClusterTests.expert, "--out", out.path]
            let result = try await cluster.client(command)
            try #require(result.code == 0, "\(result.errors)")
            let records = Dictionary(try lines(out).map { ($0.key, $0) }) { $1 }.values
            // Five prompts, three ways, one greedy and two sampled answers; one prompt timed at both temperatures.
            let expected = 5 * 3 * 3 + 3 * 2
            #expect(records.count == expected)
            #expect(records.allSatisfy { ($0.phase == "quality") == ($0.log_likelihood != nil) })
            for record in records where record.method == "lossless" && record.temperature == 0 {
                let expert = records.first {
                    $0.method == "expert-only" && $0.problem == record.problem && $0.temperature == 0
                }
                #expect(record.text == expert?.text)
            }
            for name in ["report.md", "results.csv", "quality-latency-t0.0.svg", "quality-passes-t0.8.svg"] {
                #expect(FileManager.default.fileExists(atPath: out.appending(path: name).path))
            }
            #expect(result.output.contains("| token-v3 0.5 |") && result.output.contains("eval text"))

            // A run that was cut short: the answers that are there are not asked for again.
            let file = out.appending(path: "results.jsonl")
            let all = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
            try Data(all.prefix(20).map { $0 + "\n" }.joined().utf8 + Data("{\"key\": \"torn".utf8)).write(to: file)
            #expect(try await cluster.client(command).code == 0)
            let again = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
            #expect(again.prefix(20) == all.prefix(20))
            #expect(Set(try lines(out).map(\.key)) == Set(records.map(\.key)))

            // Nor are answers of other settings, or to other prompts, taken for this run's.
            let shorter = command.map { $0 == "24" ? "8" : $0 }
            let mixed = try await cluster.client(shorter)
            #expect(mixed.code == 0, "\(mixed.errors)")
            let tokens = try #require(mixed.output.split(separator: "\n").first { $0.hasPrefix("| expert-only") })
            #expect(tokens.contains("|      8 |"), "\(tokens)")
            let renamed = folder.appending(path: "prompts.txt")
            let original = try Data(contentsOf: renamed)
            try (Data("Another ".utf8) + original).write(to: renamed)
            let other = try await cluster.client(command)
            #expect(other.code == 1 && other.errors.contains("another prompt called line 1"), "\(other.errors)")
            try original.write(to: renamed)

            // Answers of other models are not mixed in.
            let foreign = again.prefix(10).map { $0.replacing("\"expert\":\"", with: "\"expert\":\"not ") + "\n" }
            try Data(foreign.joined().utf8).write(to: file)
            let refused = try await cluster.client(command)
            #expect(refused.code == 1 && refused.errors.contains("--out"), "\(refused.errors)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func anInterruptedRunKeepsItsAnswers() async throws {
        try await withFolder { folder in
            let cluster = try await TestCluster.tinyPair()
            let out = folder.appending(path: "out")
            let process = try cluster.startClient(
                ["eval", "text", "--prompts", try prompts(folder), "--raw", "--temperatures", "0.7,0.8,0.9,1"]
                    + ["--samples", "64", "--max-tokens", "200", "--out", out.path]
            )
            try await waitUntil("an answer is there") { (try? lines(out).isEmpty) == false }
            process.signal(SIGINT)
            let result = await process.result()
            #expect(result.code == 130)
            #expect(result.errors.contains("the same command continues"), "\(result.errors)")
            #expect(try !lines(out).isEmpty)
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func testsOfAnswersRun() async throws {
        try await withFolder { folder in
            let cluster = try await TestCluster.tinyPair()
            let file = folder.appending(path: "problems.jsonl")
            let problems = (0..<2).map {
                #"{"task_id": "T/\#($0)", "prompt": "def f():\n", "entry_point": "f", "test": "def check(f): f()"}"#
                    + "\n"
            }
            try Data(problems.joined().utf8).write(to: file)
            let command =
                ["eval", "humaneval", "--problems", file.path, "--rules", "expert-only,lossless", "--max-tokens", "8"]
                + ["--latency-problems", "0", "--out", folder.appending(path: "out").path]
            let result = try await cluster.client(command + ["--unsafe-execution"])
            try #require(result.code == 0, "\(result.errors)")
            // Random weights write no Python.
            #expect(try lines(folder.appending(path: "out")).map(\.passed) == [false, false, false, false])
            #expect(result.output.contains("| lossless "))

            // Without bubblewrap nothing is run unless the user insists.
            let tools = folder.appending(path: "bin")
            try FileManager.default.createDirectory(at: tools, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                at: tools.appending(path: "python3"),
                withDestinationURL: URL(filePath: "/usr/bin/python3")
            )
            let refused = try await CascadeProcess.run(
                command + ["--endpoint", cluster.endpoint],
                environment: ["PATH": tools.path]
            )
            #expect(refused.code == 1 && refused.errors.contains("--unsafe-execution"), "\(refused.errors)")
        }
    }

    @Test(.timeLimit(.minutes(3)))
    func tuningPrintsTheLineThatComposeReads() async throws {
        try await withFolder { folder in
            let cluster = try await TestCluster.tinyPair()
            let command = ["tune", "--prompts", try prompts(folder), "--max-tokens", "24"]
            let result = try await cluster.client(command + ["--keep", "0.01", "--rules", "token-v3,chow:0.1:0.2"])
            try #require(result.code == 0, "\(result.errors)")
            let line = try #require(result.output.split(separator: "\n").first)
            #expect(result.output == line + "\n")
            #expect(
                line == "CASCADE_RULE=token-v3 CASCADE_ALPHA=0.9" || line == "CASCADE_RULE=chow CASCADE_ALPHA=0.2",
                "\(result.output) \(result.errors)"
            )
            #expect(result.errors.contains("expert-only"))
        }
    }

    /// Where no folder is named, the answers are in a new one that nobody else may enter.
    @Test(.timeLimit(.minutes(2)))
    func anInterruptedSearchSaysHowItIsGoneOnWith() async throws {
        try await withFolder { folder in
            let cluster = try await TestCluster.tinyPair()
            let process = try cluster.startClient(
                ["tune", "--prompts", try prompts(folder), "--temperature", "0.7", "--samples", "64"]
                    + ["--max-tokens", "200"],
                environment: ["TMPDIR": folder.path]
            )
            var out = folder
            try await waitUntil("an answer is there") {
                let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                guard let name = names.first(where: { $0.hasPrefix("cascade-tune-") }) else { return false }
                out = folder.appending(path: name)
                return (try? lines(out).isEmpty) == false
            }
            process.signal(SIGINT)
            let result = await process.result()
            #expect(result.code == 130, "\(result)")
            #expect(result.errors.contains("the same command with --out \(out.path) continues"), "\(result.errors)")
            let mode = try FileManager.default.attributesOfItem(atPath: out.path)[.posixPermissions] as? Int
            #expect(mode == 0o700)
        }
    }

    @Test func whatCannotWorkIsSaidBeforeAnythingRuns() async throws {
        let out = ["--out", "/nonexistent/folder", "--endpoint", "tcp://127.0.0.1:1"]
        for (options, words) in [
            (["--rules", "nonsense"], "nonsense"), (["--rules", "ensemble"], "ensemble"),
            (["--rules", "chow", "--alphas", "2"], "chow 2.0"), (["--samples", "0"], "--samples"),
            (["--out", ""], "--out must name a folder"),
        ] {
            let result = try await CascadeProcess.run(["eval", "humaneval"] + out + options)
            #expect(result.code == 2 && result.errors.contains(words), "\(options): \(result.errors)")
        }
        let unnamed = try await CascadeProcess.run(["tune", "--prompts", "x", "--out", ""])
        #expect(unnamed.code == 2 && unnamed.errors.contains("--out must name a folder"), "\(unnamed)")
        let keep = try await CascadeProcess.run(["tune", "--prompts", "x", "--keep", "1.5"])
        #expect(keep.code == 2 && keep.errors.contains("--keep"))
        let lossless = try await CascadeProcess.run(["tune", "--prompts", "x", "--rules", "lossless"])
        #expect(lossless.code == 2 && lossless.errors.contains("lossless"))
    }
}
