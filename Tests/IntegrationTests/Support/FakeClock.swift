import CascadeHost
import Foundation
import Testing

@testable import cascade

/// A wall clock that processes of a test see and that the test sets while they run; their monotonic clock stays true.
///
/// It is libfaketime, preloaded. A process that finds no shared memory of it makes some and adds that to its
/// environment; Swift 6.3 then finds no arguments. So a helper process makes the memory first.
final class FakeClock: Sendable {
    /// Where the library is; nil where it is not installed.
    static let library: String? = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib")) ?? []
        let candidates = ([""] + folders.map { "\($0)/" }).map { "/usr/lib/\($0)faketime/libfaketimeMT.so.1" }
        let isComplete = FileManager.default.isExecutableFile(atPath: tool)
        return isComplete ? candidates.first { FileManager.default.fileExists(atPath: $0) } : nil
    }()

    private static let tool = "/usr/bin/faketime"

    /// What processes are started with to see this clock.
    let environment: [String: String]
    /// Health reports and the like of these processes alone.
    let folder: URL
    private let settings: URL
    private let holder: Int32

    /// Makes a clock that is right at first.
    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "clock-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        settings = folder.appending(path: "settings")
        try "+0".write(to: settings, atomically: true, encoding: .utf8)
        let output = folder.appending(path: "holder")
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        _ = try ChildProcess(
            executable: Self.tool,
            arguments: ["-m", "-f", "+0", "/bin/sh", "-c", "echo $$ $FAKETIME_SHARED; exec sleep 600"],
            output: handle.fileDescriptor
        )
        try handle.close()
        var words: [String] = []
        try await waitUntil("the helper says its names") {
            let text = try String(contentsOf: output, encoding: .utf8)
            words = text.hasSuffix("\n") ? text.split(whereSeparator: \.isWhitespace).map(String.init) : []
            return words.count == 3
        }
        holder = try #require(Int32(words[0]))
        environment = [
            "LD_PRELOAD": try #require(Self.library),
            "FAKETIME_SHARED": "\(words[1]) \(words[2])",
            "FAKETIME_TIMESTAMP_FILE": settings.path,
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "TMPDIR": folder.path,
            "TZ": "UTC",
        ]
    }

    deinit {
        kill(holder, SIGTERM)
        try? FileManager.default.removeItem(at: folder)
    }

    /// Sets the clock off by so many hours; processes see it a second later.
    func set(hours: Int) throws {
        try "\(hours < 0 ? "-" : "+")\(abs(hours))h".write(to: settings, atomically: true, encoding: .utf8)
    }

    /// Hours by which a log's lines are off, in order and without repetitions; nothing else may be between.
    static func hours(in log: String, of words: String, around now: Date) -> [Int] {
        var hours: [Int] = []
        for line in log.split(separator: "\n") where line.contains(words) {
            guard let date = try? Date(String(line.prefix(19)) + "Z", strategy: .iso8601) else { continue }
            let off = Int((date.timeIntervalSince(now) / 3_600).rounded())
            if hours.last != off { hours.append(off) }
        }
        return hours
    }
}
