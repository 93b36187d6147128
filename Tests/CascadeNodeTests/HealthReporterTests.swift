import CascadeCore
import Foundation
import Testing

@testable import CascadeNode

/// What a process says of itself once a second.
struct HealthReporterTests {
    private var file: String {
        ProcessHealth.directory.appending(path: "\(ProcessInfo.processInfo.processIdentifier).json").path
    }

    private func modified() throws -> Date {
        try #require(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    }

    @Test func aReportThatStaysTheSameIsTouched() throws {
        var reporter = HealthReporter()
        defer { try? FileManager.default.removeItem(atPath: file) }
        reporter.report(role: "expert", state: "loading", note: "")
        let number = try #require(try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int)
        try FileManager.default.setAttributes([.modificationDate: Date.now - 60], ofItemAtPath: file)
        reporter.report(role: "expert", state: "loading", note: "")
        #expect(try modified().timeIntervalSinceNow > -5)
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.systemFileNumber] as? Int == number)
        // Somebody cleaned up.
        try FileManager.default.removeItem(atPath: file)
        reporter.report(role: "expert", state: "loading", note: "")
        reporter.report(role: "expert", state: "ready", note: "")
        let written = try JSONDecoder().decode(ProcessHealth.self, from: try Data(contentsOf: URL(filePath: file)))
        #expect(written.state == "ready")
    }

    @Test func trafficIsCountedByKind() {
        var counters = TrafficCounters()
        let ping = Message.ping(Ping(boot: 1, number: 2))
        counters.countSent(ping, frames: [[1, 2, 3], [4]])
        counters.countSent(ping, frames: [[1]])
        counters.countReceived(.goodbye(Goodbye(reason: "")), frames: [[1, 2]])
        #expect(
            counters.all == [
                MessageTraffic(message: "ping", sentMessages: 2, sentBytes: 5),
                MessageTraffic(message: "goodbye", receivedMessages: 1, receivedBytes: 2),
            ]
        )
    }
}
