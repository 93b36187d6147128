import CDispatch
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// A result that cannot be written is a failure, whatever command it is of, and ends what it costs others.
@Suite struct OutputTests {
    private static let model = Fixtures.modelPath("tiny-llama.Q4_1")

    /// Runs a command line with redirections of a shell's.
    private func run(_ arguments: [String], _ redirections: String, input: String? = nil) async throws
        -> CascadeProcess.Result
    {
        try await CascadeProcess.run(
            arguments,
            input: input,
            launcher: ["/bin/sh", "-c", "exec \"$@\" \(redirections)", "sh"]
        )
    }

    private func expectUnwritable(_ result: CascadeProcess.Result, _ cause: String, _ command: [String]) {
        #expect(result.code == 1, "\(command): \(result)")
        #expect(result.errors.contains("cannot write to standard output: \(cause)"), "\(command): \(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test(arguments: [
        ["--version"], ["--help"], ["help", "submit"], ["jobs", "--help"], ["keys"],
        ["--generate-completion-script", "bash"],
        ["model", "inspect", "--model", model], ["model", "inspect", "--model", model, "--json"],
        ["model", "tokenize", "--model", model, "a b"], ["model", "tokenize", "--model", model, "--json", "a b"],
        ["model", "score", "--model", model, "a b"], ["model", "score", "--model", model, "--json", "a b"],
        ["model", "generate", "--model", model, "--max-tokens", "4", "a"],
        ["model", "generate", "--model", model, "--max-tokens", "4", "--json", "a"],
        ["model", "fetch", model], ["simulate", "--seeds", "1"], ["doctor", "--no-hash"],
        ["doctor", "--no-hash", "--json"],
        ["bench", "engine", "--model", model, "--rows", "1", "--seconds", "1", "--json"],
    ])
    func withoutACluster(_ command: [String]) async throws {
        expectUnwritable(try await run(command, ">/dev/full"), "No space left on device", command)
        expectUnwritable(try await run(command, ">&-"), "Bad file descriptor", command)
    }

    @Test func keys() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "keys-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (index, redirections) in [">/dev/full", ">&-", ">/dev/full 2>&-"].enumerated() {
            let command = ["keys", "new", "a\(index)", "--role", "client", "--keys", folder]
            #expect(try await run(command, redirections).code == 1, "\(redirections)")
            // Whoever asked did not learn of the key, so that there is none.
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.sorted() == ["allowed.keys", "coordinator.key"], "\(redirections)")
            // A message that went to a descriptor of a file would be in it.
            for file in files {
                let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
                #expect(!text.contains("cascade: made") && !text.contains("cannot write"), "\(text)")
            }
        }
        for more in [[], ["--json"]] {
            let command = ["keys", "list", "--keys", folder] + more
            expectUnwritable(try await run(command, ">/dev/full"), "No space left on device", command)
        }
    }

    @Test func coloursAreForTerminalsThatShowThem() throws {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(terminal >= 0)
        defer { close(terminal) }
        let cases: [([String: String], Bool)] = [
            (["TERM": "xterm"], true), ([:], true), (["TERM": "dumb"], false),
            (["TERM": "xterm", "NO_COLOR": "1"], false), (["TERM": "xterm", "NO_COLOR": ""], true),
            (["TERM": "dumb", "CLICOLOR_FORCE": "1"], true), (["NO_COLOR": "1", "CLICOLOR_FORCE": "1"], false),
        ]
        for (environment, expected) in cases {
            #expect(Output.takesColours(terminal, environment: environment) == expected, "\(environment)")
        }
    }

    @Test(.timeLimit(.minutes(2))) func withACluster() async throws {
        let cluster = try await TestCluster.tinyPair()
        let submit = ["submit", "--raw", "--max-tokens", "8", "x"]
        let detached = try await cluster.client(submit + ["--detach"])
        let job = detached.output.trimmingCharacters(in: .newlines)
        #expect(try await cluster.client(["watch", job]).code == 0)
        let commands = [
            submit, submit + ["--json"], submit + ["--explain"], submit + ["--detach"],
            submit + ["--detach", "--json"],
            ["watch", job], ["watch", job, "--json"], ["result", job], ["result", job, "--json"], ["status"],
            ["status", "--json"], ["status", job], ["status", job, "--json"], ["jobs"], ["jobs", "--json"], ["nodes"],
            ["nodes", "--json"], ["health"], ["cancel", job], ["cancel", job, "--json"],
        ]
        for command in commands {
            let result = try await run(command + ["--endpoint", cluster.endpoint], ">/dev/full")
            expectUnwritable(result, "No space left on device", command)
        }
    }

    /// An answer that nobody can read is not computed to its end.
    @Test(.timeLimit(.minutes(2))) func aFullDiskEndsTheJob() async throws {
        let cluster = try TestCluster()
        _ = try cluster.startClient(["expert", "--synthetic-acceptance", "0.5", "--synthetic-ms", "20"])
        try await cluster.waitForReady(1)
        let command = ["submit", "--raw", "--max-tokens", "30000", "x", "--endpoint", cluster.endpoint]
        expectUnwritable(try await run(command, ">/dev/full"), "No space left on device", command)
        #expect(try await cluster.jobs().map(\.finish_reason) == ["cancelled"])
        let reader = "\"$@\" | head -c 1 >&2; exit ${PIPESTATUS[0]}"
        let piped = try await CascadeProcess.run(command, launcher: ["/bin/bash", "-c", reader, "bash"])
        #expect(piped.code == 141, "\(piped)")
        #expect(try await cluster.jobs().map(\.finish_reason) == ["cancelled", "cancelled"])
    }

    /// The reader goes away while there is nothing to write: the job waits for an expert.
    @Test(.timeLimit(.minutes(1)), arguments: [["submit", "x"], ["submit", "--json", "x"]])
    func aClosedPipeIsNoticedAtOnce(_ command: [String]) async throws {
        let cluster = try TestCluster()
        let result = try await CascadeProcess.run(
            command + ["--endpoint", cluster.endpoint, "--timeout", "60"],
            launcher: ["/bin/bash", "-c", "\"$@\" | :; exit ${PIPESTATUS[0]}", "bash"]
        )
        #expect(result.code == 141, "\(result)")
        #expect(!result.errors.contains("interrupted") && !result.errors.contains("Broken pipe"), "\(result.errors)")
        #expect(try await cluster.jobs().allSatisfy { $0.finish_reason == "cancelled" })
    }

    /// `watch` does not own the job.
    @Test(.timeLimit(.minutes(1))) func aClosedPipeLeavesAWatchedJobAlone() async throws {
        let cluster = try TestCluster()
        let job = try await cluster.client(["submit", "--detach", "x"]).output.trimmingCharacters(in: .newlines)
        let result = try await CascadeProcess.run(
            ["watch", job, "--endpoint", cluster.endpoint],
            launcher: ["/bin/bash", "-c", "\"$@\" | :; exit ${PIPESTATUS[0]}", "bash"]
        )
        #expect(result.code == 141, "\(result)")
        #expect(try await cluster.jobs().map(\.state) == ["queued"])
    }

    /// Results go to files of `--out` as a whole, and a device is written to and not replaced.
    @Test(.timeLimit(.minutes(2))) func outFiles() async throws {
        let bench = ["bench", "serve", "--synthetic-acceptance", "0.5", "--max-tokens", "8", "--turns", "1"]
        let result = try await CascadeProcess.run(
            bench + ["--concurrency", "1", "--num-speculative-tokens", "0", "--out", "/dev/full"]
        )
        #expect(result.code == 1 && result.errors.contains("/dev/full: No space left on device"), "\(result.errors)")
        #expect(result.output.contains("prompts of"), "the numbers are there all the same")
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }
}

extension TestCluster {
    /// One entry of `cascade jobs --json`, as far as tests read it.
    struct JobLine: Decodable {
        var job_id: String
        var state: String
        var finish_reason: String?
        var prompt_beginning: String
    }

    /// The cluster's jobs, newest first.
    func jobs() async throws -> [JobLine] {
        let result = try await client(["jobs", "--json"])
        guard result.code == 0 else { throw Answer.Failure(result: result) }
        return try JSONDecoder().decode([JobLine].self, from: Data(result.output.utf8))
    }
}
