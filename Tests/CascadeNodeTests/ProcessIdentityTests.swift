import Foundation
import Testing

@testable import CascadeNode

/// Processes that were written down are found again, and nobody else is taken for them.
struct ProcessIdentityTests {
    private func sleeper() throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sleep")
        process.arguments = ["600"]
        try process.run()
        return process
    }

    /// The identity with one of its fields changed.
    private func changed(_ identity: ProcessIdentity, _ field: String, _ value: Any) throws -> ProcessIdentity {
        let data = try JSONEncoder().encode(identity)
        var fields = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(fields[field] != nil)
        fields[field] = value
        return try JSONDecoder().decode(ProcessIdentity.self, from: JSONSerialization.data(withJSONObject: fields))
    }

    @Test func itIsFoundAgain() throws {
        let process = try sleeper()
        defer { kill(process.processIdentifier, SIGKILL) }
        let identity = try #require(ProcessIdentity(pid: process.processIdentifier))
        #expect(try changed(identity, "pid", Int(identity.pid)) == identity)
        #expect(identity.isRunning)
        #expect(identity.signal(SIGTERM))
        process.waitUntilExit()
        #expect(identity.standing == .gone && !identity.signal(SIGTERM))
        #expect(ProcessIdentity(pid: process.processIdentifier) == nil)
    }

    @Test func nobodyElseIsTakenForIt() throws {
        let process = try sleeper()
        defer { kill(process.processIdentifier, SIGKILL) }
        let identity = try #require(ProcessIdentity(pid: process.processIdentifier))
        let others = [
            (try changed(identity, "startTicks", 5), ProcessIdentity.Standing.gone),
            (try changed(identity, "boot", "another boot"), .gone),
            (try changed(identity, "namespace", 7), .elsewhere),
        ]
        for (other, standing) in others {
            #expect(other.standing == standing)
            #expect(!other.signal(SIGKILL))
        }
        #expect(identity.isRunning && process.isRunning)
    }

    /// One that has ended and that nobody has asked about yet still has its number.
    @Test func anEndThatNobodyHasNoticed() throws {
        var pid: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        #expect(posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0)
        let identity = ProcessIdentity(pid: pid)
        var info = siginfo_t()
        #expect(waitid(P_PID, id_t(pid), &info, Int32(WEXITED | WNOWAIT)) == 0)
        #expect(ProcessIdentity(pid: pid) == nil && identity?.isRunning != true)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
    }

    @Test func thereAreNoSuchProcesses() {
        #expect(ProcessIdentity(pid: -1) == nil && ProcessIdentity(pid: 0) == nil)
        #expect(ProcessIdentity(pid: getpid())?.isRunning == true)
    }
}
