import ArgumentParser
import CascadeCore
import CascadeHost
import CascadeNode
import CascadeTestSupport
import CascadeWire
import Foundation
import Testing

@testable import cascade

/// Words that people read: they name what the user typed, and a newcomer understands them.
@Suite struct WordsTests {
    /// What the command says to somebody with these variables.
    private func refusal(_ arguments: [String], _ environment: [String: String] = [:]) -> String {
        do {
            _ = try Cascade.parse(arguments, environment: environment)
            return ""
        } catch let failure as CommandFailure {
            return failure.message
        } catch {
            return Cascade.message(for: error)
        }
    }

    @Test func aVariableIsBlamedAndNotTheFlag() {
        let cases: [(arguments: [String], variable: String, value: String)] = [
            (["submit", "x"], "CASCADE_TIMEOUT", "abc"), (["submit", "x"], "CASCADE_TOP_P", "7"),
            (["submit", "x"], "CASCADE_RULE", "nonsense"), (["expert"], "CASCADE_THREADS", "0"),
            (["jobs"], "CASCADE_LIMIT", "0"),
            (["up"], "CASCADE_KV_TOKENS", "many"), (["keys", "new", "a"], "CASCADE_ROLE", "king"),
        ]
        for (arguments, variable, value) in cases {
            var environment = [variable: value]
            if arguments == ["expert"] { environment["CASCADE_MODEL"] = "m" }
            let message = refusal(arguments, environment)
            #expect(message.hasPrefix("\(variable) is '\(value)' in the environment: "), "\(arguments): \(message)")
        }
        // What was typed is blamed itself, whatever the environment has.
        let typed = refusal(["submit", "x", "--timeout", "abc"], ["CASCADE_TOP_P": "0.9", "CASCADE_TIMEOUT": "5"])
        #expect(typed.contains("--timeout") && !typed.contains("CASCADE_"), "\(typed)")
    }

    /// The parser takes `-1` for an option: what is wrong is the number.
    @Test(arguments: [
        (["jobs", "--limit", "-1"], "--limit must be 1 to "),
        (["submit", "x", "--seed", "-1"], "0 to 18446744073709551615"),
        (["submit", "x", "--max-tokens", "-3"], "--max-tokens must be 1 to "),
        (["submit", "x", "--timeout", "-1"], "above 0 and at most 31536000"),
        (["submit", "x", "--timeout", "nan"], "above 0 and at most"),
        (["submit", "x", "--timeout", "0"], "above 0 and at most"),
        (["submit", "x", "--deadline", "-1"], "a time from 1ms to 168h"),
        (["submit", "x", "--deadline", "soon"], "such as 500ms, 30s or 2m"),
        (["submit", "x", "--temperature", "0x10"], "a decimal number"),
        (["up", "--threads", "-1"], "must be 1 to 256"), (["up", "--threads", "0"], "must be 1 to 256"),
    ])
    func numbersAreRefusedWithTheirRange(_ line: [String], _ words: String) {
        #expect(refusal(line).contains(words), "\(line): \(refusal(line))")
    }

    @Test(arguments: ["- item", "-5 degrees", "--- a rule ---", "-x"])
    func aTextWithADashGoesBehindTwo(_ text: String) {
        #expect(refusal(["submit", text]).hasSuffix("cascade submit -- '\(text)'"), "\(refusal(["submit", text]))")
        #expect(refusal(["submit", "--", text]).isEmpty)
        #expect(refusal(["submit", "--raw", "--", text]).isEmpty)
    }

    @Test(arguments: [
        (["jobs", "--help"], ["--limit", "--json", "--endpoint"]), (["nodes", "--help"], ["--json", "--endpoint"]),
    ])
    func helpOfAGroupShowsWhatItTakes(_ arguments: [String], _ options: [String]) async throws {
        let help = try await CascadeProcess.run(arguments)
        #expect(help.code == 0 && options.allSatisfy { help.output.contains($0) }, "\(help.output)")
    }

    @Test func tablesKeepToTheirWidth() {
        let head = ["NODE", "ROLE", "STATE", "MODEL", "LOAD", "PASS", "BUSY", "CORES"]
        let row = [
            "expert-a-rather-long-host-name-41943", "expert", "draining", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            "16/16", "123.4 ms", "100 %", "12.34",
        ]
        let lines = Table.text([head, row], shortened: 3).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= Table.width }, "\(lines)")
        #expect(lines[1].contains(row[0]) && lines[1].contains("…"), "\(lines)")
        #expect(Table.text([["A", "B"], ["1", "2"]], shortened: 0) == "A  B\n1  2")
    }

    @Test(.timeLimit(.minutes(1))) func withoutAClusterItIsSaidAtOnce() async throws {
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        for command in [["submit", "x"], ["watch", "0f3a5c7712e4b9d8"], ["jobs"], ["nodes"], ["status"], ["health"]] {
            let client = try CascadeProcess(command + ["--endpoint", endpoint])
            try await waitUntil("it says so", seconds: 3) {
                client.errors.contains("no coordinator listens at \(endpoint)")
            }
            #expect(!client.isDone && client.errors.contains("cascade up"), "\(command)")
            client.signal(SIGKILL)
        }
    }

    @Test(.timeLimit(.minutes(2))) func jobsAndSummaries() async throws {
        let cluster = try await TestCluster.tinyPair()
        let prompt =
            "Once upon a time there was a prompt of more than eighty characters, whose end nobody sees in a table"
        let answer = try await cluster.client([
            "submit", "--raw", "--max-tokens", "3", "--seed", "7", "--temperature", "0.8", prompt,
        ])
        #expect(answer.errors.contains("3 tokens in ") && answer.errors.contains("seed 7"), "\(answer.errors)")
        #expect(!answer.errors.contains("acceptance") && !answer.errors.contains("lossless"), "\(answer.errors)")
        let told = try await cluster.client([
            "submit", "--raw", "--max-tokens", "3", "--num-speculative-tokens", "2", "--stats", "short",
        ])
        #expect(told.errors.contains("mean acceptance length") && told.errors.contains("lossless"), "\(told.errors)")
        let one = try await cluster.client(["submit", "--raw", "--max-tokens", "1", "é"])
        #expect(one.errors.contains("[1 token in "), "\(one.errors)")

        let jobs = try await cluster.jobs()
        #expect(jobs.map(\.prompt_beginning) == ["é", "short", String(prompt.prefix(80))])
        let table = try await cluster.client(["jobs"]).output
        #expect(table.contains("Once upon") && table.contains("done") && !table.contains("length"), "\(table)")
        #expect(table.split(separator: "\n").allSatisfy { $0.count <= Table.width }, "\(table)")
        #expect(table.contains("done (token limit)"), "\(table)")
        #expect(answer.errors.contains("token limit reached"), "\(answer.errors)")
        let status = try await cluster.client(["status", jobs[1].job_id]).output
        #expect(status.contains(": done") && status.contains("short"), "\(status)")
        let health = try await cluster.client(["health"]).output
        #expect(health == "ok: 1 drafter and 1 expert ready\n")
        #expect(try await cluster.client(["status"]).output.contains("nodes: 1 drafter and 1 expert ready"))
    }

    /// A report that an earlier boot of the machine left, whose process number is in use again.
    @Test func aReportOfAnEarlierBoot() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "health-\(UUID().uuidString)")
        let reports = folder.appending(path: "cascade-health-\(getuid())")
        try FileManager.default.createDirectory(at: reports, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = """
            {"pid":\(getpid()),"role":"expert","state":"ready","note":"","monotonicNanoseconds":\(UInt64.max)}
            """
        try text.write(to: reports.appending(path: "\(getpid()).json"), atomically: true, encoding: .utf8)
        let result = try await CascadeProcess.run(["health", "--process"], environment: ["TMPDIR": folder.path])
        #expect(result.code == 1 && result.errors.contains("silent since before this machine started"), "\(result)")
    }

    /// One that is ill hides none of the others.
    @Test func everyReportIsShown() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "health-\(UUID().uuidString)")
        let reports = folder.appending(path: "cascade-health-\(getuid())")
        try FileManager.default.createDirectory(at: reports, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (pid, role, time) in [(1, "expert", UInt64.max), (getpid(), "drafter", MonotonicClock.now().nanoseconds)] {
            let text = """
                {"pid":\(pid),"role":"\(role)","state":"ready","note":"","monotonicNanoseconds":\(time)}
                """
            try text.write(to: reports.appending(path: "\(pid).json"), atomically: true, encoding: .utf8)
        }
        let result = try await CascadeProcess.run(["health", "--process"], environment: ["TMPDIR": folder.path])
        #expect(result.code == 1 && result.errors.contains("expert (process 1) has been silent"), "\(result)")
        #expect(result.output == "ok: drafter (process \(getpid())) is ready\n", "\(result)")
    }

    /// A field of the wire's is what the user knows as an option.
    @Test func refusalsNameOptions() {
        let error = WireError.invalid(message: "submit", field: "sampling.top_k", expected: "0 to 1", actual: "2")
        #expect(error.forPeople == "top-k must be 0 to 1, not 2")
        #expect(WireError.missing(message: "submit", field: "submit_key").forPeople == "submit-key is missing")
        let large = WireError.tooLarge(message: "envelope", what: "frame 0", actual: 9, limit: 8)
        #expect(large.forPeople == "the request has 9 bytes, at most 8 are possible")
    }
}
