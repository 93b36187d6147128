import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Standard input that is closed, a folder, endless or too long: words and an exit code, never a trap.
@Suite struct InputTests {
    private static let model = Fixtures.modelPath("tiny-llama.Q4_1")

    private static let readers = [
        ["submit"], ["submit", "-"], ["submit", "--json", "--raw"], ["submit", "--detach"],
        ["model", "tokenize", "--model", model], ["model", "tokenize", "--model", model, "--cases", "-"],
        ["model", "score", "--model", model, "-"], ["model", "generate", "--model", model, "--cases", "-"],
    ]

    private func run(_ arguments: [String], _ redirections: String) async throws -> CascadeProcess.Result {
        try await CascadeProcess.run(arguments, launcher: ["/bin/sh", "-c", "exec \"$@\" \(redirections)", "sh"])
    }

    @Test(.timeLimit(.minutes(1)), arguments: readers) func isNamed(_ command: [String]) async throws {
        let closed = try await run(command, "<&-")
        #expect(closed.code == 2 && closed.errors.contains("standard input is closed; give "), "\(closed)")
        let folder = try await run(command, "</")
        #expect(folder.code == 2 && folder.errors.contains("standard input is a folder; give "), "\(folder)")
        #expect(!(closed.errors + folder.errors).contains("Fatal error"))
        // Cases are no argument.
        #expect(closed.errors.contains("in a file: --cases FILE") == command.contains("--cases"), "\(closed)")
    }

    /// Endless input is refused while it comes: a reader that swallowed it first would never return.
    @Test(.timeLimit(.minutes(1)), arguments: readers.filter { !$0.contains("--cases") })
    func tooMuchIsRefusedWhileReading(_ command: [String]) async throws {
        let endless = try await run(command, "</dev/zero")
        #expect(endless.code == 4, "\(endless)")
        #expect(endless.errors.contains("more than \(JobLimits.standard.promptBytes) bytes"), "\(endless.errors)")
    }

    @Test func aNonBlockingPipeIsWaitedFor() async throws {
        // Python leaves the descriptor in that mode, as programs of other languages do.
        let script = """
            import os, subprocess, sys, time
            reading, writing = os.pipe()
            os.set_blocking(reading, False)
            child = subprocess.Popen(sys.argv[1:], stdin=reading)
            os.close(reading)
            time.sleep(0.2)
            os.write(writing, b"a b")
            os.close(writing)
            sys.exit(child.wait())
            """
        let result = try await CascadeProcess.run(
            ["model", "tokenize", "--model", Self.model, "--json"],
            launcher: ["/usr/bin/env", "python3", "-c", script]
        )
        #expect(result.code == 0 && result.output.contains("tokens"), "\(result)")
    }

    @Test func theLimitIsTheSameOnBothSides() async throws {
        let cluster = try TestCluster()
        let most = JobLimits.standard.promptBytes
        let submit = ["submit", "--raw", "--detach", "--endpoint", cluster.endpoint]
        for (bytes, code) in [(most, 0), (most + 1, 4)] {
            let result = try await CascadeProcess.run(submit, input: String(repeating: "x", count: bytes))
            #expect(result.code == code, "\(bytes): \(result)")
            if code == 4 { #expect(result.errors.contains("\(most)"), "\(result.errors)") }
        }
        let chat = ["submit", "--detach", "--system-prompt", "0123456789", "--endpoint", cluster.endpoint]
        let both = try await CascadeProcess.run(chat, input: String(repeating: "x", count: most - 9))
        #expect(both.code == 4 && both.errors.contains("system message may have at most \(most)"), "\(both)")
    }
}
