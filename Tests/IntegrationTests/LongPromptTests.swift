import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// A long prompt beside others on one expert: real processes, whose passes take time but compute nothing.
@Suite(.timeLimit(.minutes(2))) struct LongPromptTests {
    /// Two milliseconds a row, and two for the pass: 64 rows take 130 ms, and four passes of one token 16 ms.
    private static let costs = "1:4,16:34,64:130"
    private static let prompt = String(repeating: "a prompt that takes long ", count: 160)

    private static func cluster(_ arguments: [String] = []) async throws -> TestCluster {
        let cluster = try TestCluster()
        _ = try cluster.startClient(
            ["expert", "--synthetic-acceptance", "0.7", "--synthetic-ms", costs] + arguments
        )
        _ = try cluster.startClient(["drafter", "--synthetic-acceptance", "0.7", "--synthetic-ms", "1:2,16:10"])
        try await cluster.waitForReady(2)
        return cluster
    }

    /// Milliseconds between changes of what a process has printed, until a condition holds.
    private func gaps(_ stream: CascadeProcess, until isOver: () -> Bool) async throws -> [Double] {
        var (gaps, length, last): ([Double], Int, ContinuousClock.Instant?) = ([], stream.output.utf8.count, nil)
        while !isOver(), !stream.isDone {
            let (now, new) = (ContinuousClock.now, stream.output.utf8.count)
            if new != length {
                if let last { gaps.append((now - last) / .milliseconds(1)) }
                (length, last) = (new, now)
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return gaps.sorted()
    }

    /// While a prompt of 4,000 tokens is read, a running stream goes on in small steps, and a short prompt that comes
    /// later is answered long before it.
    @Test func othersGoOnWhileALongPromptIsRead() async throws {
        let cluster = try await Self.cluster()
        let stream = try cluster.startClient(["submit", "--raw", "--max-tokens", "8000", "a running stream"])
        while stream.output.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        let long = try cluster.startClient(["submit", "--raw", "--max-tokens", "1", "--json", Self.prompt])
        try await Task.sleep(for: .milliseconds(500))
        let began = ContinuousClock.now
        let short = try cluster.startClient(
            ["submit", "--raw", "--max-tokens", "1", "--json", "a short prompt, but no feed of a round"]
        )
        let gaps = try await gaps(stream) { short.isDone }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        #expect(await short.result().code == 0)
        #expect(!long.isDone, "the long prompt is read for seconds")
        #expect(seconds < 3)
        let more = try await self.gaps(stream) { long.isDone }
        let all = (gaps + more).sorted()
        #expect(await long.result().code == 0)
        // A pass of 64 rows takes 130 ms.
        #expect(all.count > 50)
        #expect(all[all.count / 2] < 60, "median \(all[all.count / 2]) ms")
        #expect(all[all.count * 9 / 10] < 100, "p90 \(all[all.count * 9 / 10]) ms")
    }

    /// The bound is an option; a large one lets a prompt have whole passes.
    @Test func theBoundIsAnOption() async throws {
        let cluster = try await Self.cluster(["--max-inter-token-ms", "1000"])
        let stream = try cluster.startClient(["submit", "--raw", "--max-tokens", "8000", "a running stream"])
        while stream.output.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        let long = try cluster.startClient(["submit", "--raw", "--max-tokens", "1", "--json", Self.prompt])
        let gaps = try await gaps(stream) { long.isDone }
        #expect(await long.result().code == 0)
        let middle = try #require(gaps.dropFirst(gaps.count / 2).first)
        #expect(middle > 100, "median \(middle) ms")
    }

    /// On a terminal `submit` says how far the prompt is read, on a line that is gone when the answer comes.
    @Test func submitSaysHowFarThePromptIs() async throws {
        let cluster = try await Self.cluster()
        let line = [
            CascadeProcess.binary, "submit", "--raw", "--max-tokens", "3", "--endpoint", cluster.endpoint, Self.prompt,
        ].map { "'\($0)'" }.joined(separator: " ")
        let script = URL(filePath: "/usr/bin/script")
        try #require(FileManager.default.isExecutableFile(atPath: script.path))
        let process = Process()
        let pipe = Pipe()
        process.executableURL = script
        process.arguments = ["-qec", line, "/dev/null"]
        process.environment = ["TERM": "xterm", "PATH": "/usr/bin:/bin", "HOME": NSTemporaryDirectory()]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        try process.run()
        let shown = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(shown.contains("reading the prompt: "), "\(shown)")
        #expect(shown.contains(" of 4,000 tokens, "), "\(shown)")
        #expect(shown.contains(" tokens/s, about "), "\(shown)")
        #expect(shown.contains("\r\u{1B}[K"))
        let piped = try await cluster.client(["submit", "--raw", "--max-tokens", "3", Self.prompt + "!"])
        #expect(piped.code == 0 && !piped.errors.contains("tokens/s"))
    }
}
