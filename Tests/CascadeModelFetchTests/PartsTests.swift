import Foundation
import Testing

@testable import CascadeModelFetch

struct ProbeTests {
    @Test func readsTheLastAnswerAndWhatTheHubSaidOnTheWay() {
        let digest = String(repeating: "0f", count: 32)
        let probe = HTTPProbe(
            headers: """
                HTTP/2 302 \r
                content-length: 1310\r
                etag: "of-the-redirection"\r
                x-linked-size: 491400064\r
                x-linked-etag: "\(digest.uppercased())"\r
                \r
                HTTP/1.1 200 OK\r
                Content-Length: 491400064\r
                ETag: "blob"\r
                Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r
                """
        )
        #expect(probe.bytes == 491_400_064)
        #expect(probe.sha256 == digest)
        #expect(probe.version == "\"blob\"")
    }

    @Test(arguments: ["-5", "99999999999999999999", "", "x"])
    func aSenselessLengthIsNone(value: String) {
        #expect(HTTPProbe(headers: "HTTP/1.1 200 OK\r\nContent-Length: \(value)\r\n").bytes == nil)
    }

    @Test func aWeakMarkIsNoMark() {
        #expect(HTTPProbe(headers: "HTTP/1.1 200 OK\nETag: W/\"x\"\n").version == nil)
    }
}

struct ChecksumTests {
    @Test func equalsTheStandardsExample() async throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("cascade \\ \(UUID().uuidString)")
        try Data("abc".utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        // FIPS 180-2, appendix B.1
        #expect(
            try await Checksum.sha256(of: url, environment: ProcessInfo.processInfo.environment)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }
}

struct FileLockTests {
    @Test func keepsOthersOutUntilItIsReleased() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("cascade-lock-\(UUID().uuidString)")
        let first = try #require(try FileLock.take(url))
        #expect(try FileLock.take(url) == nil)
        first.release()
        #expect(!FileManager.default.fileExists(atPath: url.path))
        let second = try #require(try FileLock.take(url))
        second.release()
    }
}

struct ProgressTests {
    @Test func rateLooksBackAFewSeconds() {
        var rate = TransferRate()
        #expect(rate.bytesPerSecond == nil)
        for second in 0...20 {
            rate.note(bytes: second < 10 ? second * 100 : 1000 + (second - 10) * 10, at: Double(second))
        }
        #expect(rate.bytesPerSecond == 10)
        rate.note(bytes: 0, at: 21)
        #expect(rate.bytesPerSecond == nil, "a new beginning has no speed yet")
    }

    @Test func words() {
        #expect(
            ProgressText.bar(name: "m", done: 211_300_000, total: 491_400_064, bytesPerSecond: 35_100_000)
                == "m [========            ] 42%  211.3 MB of 491.4 MB  35.1 MB/s  0:07 left"
        )
        #expect(
            ProgressText.line(name: "m", source: "packages", done: 999, total: nil, bytesPerSecond: nil)
                == "m from packages: 999 B"
        )
        #expect(
            ProgressText.bar(name: "m", done: 1, total: Int.max, bytesPerSecond: 1).hasSuffix("99:59:59 left")
        )
        #expect(ByteText.duration(seconds: 3661) == "1:01:01")
        #expect(ByteText.size(1_117_320_768) == "1.1 GB")
    }

    @Test func terminalDrawsOverOneLine() {
        let clock = Clock()
        let reporter = ProgressReporter("m", isTerminal: true, now: { clock.seconds }, write: { clock.write($0) })
        for tenth in 0...10 {
            clock.seconds = Double(tenth) / 20
            reporter.handle(.progress(done: tenth, total: 10))
        }
        reporter.handle(.checking)
        reporter.finish()
        let drawn = clock.text.split(separator: "\r")
        #expect(drawn.count == 6, "at most ten states a second, and the last one always: \(drawn)")
        #expect(clock.text.hasSuffix("\u{1B}[K\nm: checking sha256\n"))
        #expect(drawn.last?.contains("100%") == true)
    }

    @Test func logGetsALineEveryFewSeconds() {
        let clock = Clock()
        let reporter = ProgressReporter("m", isTerminal: false, now: { clock.seconds }, write: { clock.write($0) })
        reporter.handle(.source("packages"))
        for second in 0...12 {
            clock.seconds = Double(second)
            reporter.handle(.progress(done: second * 1000, total: 20_000))
        }
        reporter.handle(.notice("something"))
        reporter.finish()
        #expect(
            clock.text == """
                m from packages: 0%  0 B of 20.0 kB
                m from packages: 25%  5.0 kB of 20.0 kB  1.0 kB/s  0:15 left
                m from packages: 50%  10.0 kB of 20.0 kB  1.0 kB/s  0:10 left
                m: something

                """
        )
    }
}

/// A clock that tests turn, and the text that was written.
private final class Clock: @unchecked Sendable {
    // One test's thread alone uses it: the reporter calls back within `handle`.
    var seconds = 0.0
    private(set) var text = ""

    func write(_ more: String) { text += more }
}
