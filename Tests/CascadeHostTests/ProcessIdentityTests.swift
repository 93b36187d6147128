import Foundation
import Testing

@testable import CascadeHost

/// Processes that were written down are found again, and nobody else is taken for them.
struct ProcessIdentityTests {
    /// Starts a program; whoever does has to wait for it.
    private func spawn(_ line: String...) throws -> Int32 {
        var pid: pid_t = 0
        var arguments = line.map { strdup($0) } + [nil]
        defer { for pointer in arguments { free(pointer) } }
        try #require(posix_spawn(&pid, line[0], nil, nil, &arguments, nil) == 0)
        return pid
    }

    /// Waits for the end of what was spawned: the signal that ended it.
    private func wait(_ pid: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f
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
        let pid = try spawn("/bin/sleep", "600")
        let identity = try #require(ProcessIdentity(pid: pid))
        #expect(try changed(identity, "pid", Int(pid)) == identity)
        #expect(identity.isRunning)
        #expect(identity.signal(SIGKILL))
        #expect(wait(pid) == SIGKILL)
        #expect(identity.standing == .gone && !identity.signal(SIGKILL))
        #expect(ProcessIdentity(pid: pid) == nil)
    }

    @Test func nobodyElseIsTakenForIt() throws {
        let pid = try spawn("/bin/sleep", "600")
        let identity = try #require(ProcessIdentity(pid: pid))
        let others = [
            (try changed(identity, "startTicks", 5), ProcessIdentity.Standing.gone),
            (try changed(identity, "boot", "another boot"), .gone),
            (try changed(identity, "namespace", 7), .elsewhere),
        ]
        for (other, standing) in others {
            #expect(other.standing == standing)
            #expect(!other.signal(SIGKILL))
        }
        #expect(identity.isRunning)
        kill(pid, SIGKILL)
        #expect(wait(pid) == SIGKILL)
    }

    /// One that has ended and that nobody has asked about yet still has its number.
    @Test func anEndThatNobodyHasNoticed() throws {
        let pid = try spawn("/bin/true")
        let identity = ProcessIdentity(pid: pid)
        var info = siginfo_t()
        #expect(waitid(P_PID, id_t(pid), &info, Int32(WEXITED | WNOWAIT)) == 0)
        #expect(ProcessIdentity(pid: pid) == nil && identity?.isRunning != true)
        #expect(wait(pid) == 0)
    }

    @Test func thereAreNoSuchProcesses() {
        #expect(ProcessIdentity(pid: -1) == nil && ProcessIdentity(pid: 0) == nil)
        #expect(ProcessIdentity(pid: getpid())?.isRunning == true)
    }
}
