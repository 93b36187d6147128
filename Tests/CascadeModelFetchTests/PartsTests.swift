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

/// What pip writes, as version 23 words it.
enum PipText {
    static let name = "ERROR: No matching distribution found for some-part1==0.2.0"

    static func broken(by cause: String) -> String {
        let retry = "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None))"
        return """
            \(retry) after connection broken by '\(cause)': /simple/some-part1/
            ERROR: Could not find a version that satisfies the requirement some-part1==0.2.0 (from versions: none)
            \(name)
            """
    }

    static let certificate = broken(
        by: "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate'))"
    )
}

struct ToolTextTests {
    @Test(arguments: [
        (
            "NewConnectionError('<pip._vendor.urllib3.connection.HTTPSConnection object at 0x7f2d7eec7850>: Failed to "
                + "establish a new connection: [Errno -3] Temporary failure in name resolution')",
            """
            NewConnectionError('Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')
            """
        ),
        (
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))",
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))"
        ),
    ])
    func aBrokenConnectionIsTheCause(_ written: String, _ cause: String) {
        let output = "Could not fetch URL https://index/simple/some-part1/: connection error - skipping\n"
        #expect(ToolText.pipCause(errors: PipText.broken(by: written), output: output) == cause)
    }

    @Test func anIndexThatRefusesIsTheCause() {
        let output = """
            Getting page http://index/simple/some-part1/
            Could not fetch URL http://index/simple/some-part1/: 403 Client Error: Forbidden for url: x - skipping
            Skipping link: not a file: http://index/simple/some-part1/
            """
        #expect(
            ToolText.pipCause(errors: PipText.name, output: output)
                == "an index did not answer as it should: http://index/simple/some-part1/: 403 Client Error: "
                + "Forbidden for url: x"
        )
    }

    @Test func elseItIsTheLastLine() {
        #expect(ToolText.pipCause(errors: "WARNING: x\n\(PipText.name)\n \n", output: "Looking\n") == PipText.name)
        #expect(ToolText.pipCause(errors: "", output: "") == "it gave no reason")
    }

    @Test func ofCurlOneLineIsEnough() {
        let errors = """
            curl: (60) SSL certificate problem: self-signed certificate
            More details here: https://curl.se/docs/sslcerts.html

            curl failed to verify the legitimacy of the server.
            """
        #expect(ToolText.curlCause(errors) == "curl: (60) SSL certificate problem: self-signed certificate")
        #expect(ToolText.curlCause("something\r\n  else\n") == "something else")
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
            ProgressText.line(name: "m", source: "Python packages", done: 999, total: nil, bytesPerSecond: nil)
                == "m from Python packages: 999 B"
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
        reporter.handle(.source("Python packages"))
        for second in 0...12 {
            clock.seconds = Double(second)
            reporter.handle(.progress(done: second * 1000, total: 20_000))
        }
        reporter.handle(.notice("something"))
        reporter.finish()
        #expect(
            clock.text == """
                m from Python packages: 0%  0 B of 20.0 kB
                m from Python packages: 25%  5.0 kB of 20.0 kB  1.0 kB/s  0:15 left
                m from Python packages: 50%  10.0 kB of 20.0 kB  1.0 kB/s  0:10 left
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
