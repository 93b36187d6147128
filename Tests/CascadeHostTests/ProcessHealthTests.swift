import Foundation
import Testing

@testable import CascadeHost

/// Reports and promises lie where every user of the machine can be first: what others put there does no harm.
struct ProcessHealthTests {
    private let report = ProcessHealth(role: "expert", state: "ready", note: "")

    /// Runs `body` with a folder that is not there yet.
    private func withFolder(_ body: (OwnFolder) throws -> Void) throws {
        let parent = FileManager.default.temporaryDirectory.appending(path: "health-\(UUID().uuidString)").path
        try FileAccess.makeFolder(parent)
        defer { try? FileManager.default.removeItem(atPath: parent) }
        try body(OwnFolder("\(parent)/health"))
    }

    @Test func aReportIsWrittenReadAndRemoved() throws {
        try withFolder { folder in
            #expect(ProcessHealth.all(in: folder).isEmpty)
            report.write(in: folder)
            #expect(ProcessHealth.all(in: folder).map(\.report) == [report])
            report.remove(in: folder)
            #expect(ProcessHealth.all(in: folder).isEmpty)
        }
    }

    /// A link, then a FIFO, where a report's draft has a name that can be foretold.
    @Test(.timeLimit(.minutes(1))) func nothingIsWrittenThroughALink() throws {
        try withFolder { folder in
            let draft = "\(folder.path)/\(report.pid).json.new"
            let victim = "\(folder.path).victim"
            try FileAccess.write([9], to: victim)
            #expect(mkdir(folder.path, 0o700) == 0 && symlink(victim, draft) == 0)
            report.write(in: folder)
            #expect(try FileAccess.read(victim) == [9])
            #expect(ProcessHealth.all(in: folder).map(\.report) == [report])
            #expect(unlink(draft) == 0 && mkfifo(draft, 0o600) == 0)
            report.write(in: folder)
            #expect(ProcessHealth.all(in: folder).map(\.report) == [report])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give a folder to another user: run the tests as root"))
    func aStrangersFolderHasNoSay() throws {
        try withFolder { folder in
            report.write(in: folder)
            MemoryPromise.make(bytes: 1 << 30, in: folder)
            #expect(chmod(folder.path, 0o777) == 0 && chown(folder.path, 12_345, gid_t.max) == 0)
            #expect(ProcessHealth.all(in: folder).isEmpty)
            #expect(ProcessHealth.trouble(in: folder)?.contains("another user's (12345)") == true)
        }
    }

    /// A promise of a process that runs, which counts, and the same of a stranger's, which would keep all others out.
    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aForgedPromiseDoesNotCount() async throws {
        try withFolder { folder in
            let child = Process()
            child.executableURL = URL(filePath: "/bin/sleep")
            child.arguments = ["60"]
            try child.run()
            defer { child.terminate() }
            let identity = try #require(ProcessIdentity(pid: child.processIdentifier))
            let text = try JSONEncoder().encode(Promise(process: identity, bytes: 99_999_999_999_999))
            let name = "\(identity.pid).memory"
            folder.write(Array(text), to: name)
            #expect(MemoryPromise.others(in: folder).count == 1)
            #expect(chown("\(folder.path)/\(name)", 12_345, gid_t.max) == 0)
            #expect(MemoryPromise.others(in: folder).isEmpty)
        }
    }

    private struct Promise: Encodable {
        var process: ProcessIdentity
        var bytes: Int
    }

    /// Another user who made the lock first keeps nobody waiting.
    @Test(.enabled(if: geteuid() == 0, "only root can give a file to another user: run the tests as root"))
    func aStrangersLockIsNotWaitedFor() throws {
        try withFolder { folder in
            try folder.check()
            let path = "\(folder.path)/load.lock"
            let holder = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
            defer { close(holder) }
            #expect(flock(holder, LOCK_EX) == 0)
            func seconds() -> Double {
                let started = MonotonicClock.now()
                LoadTurn.take(waitingAtMost: 1, path: path) {}
                return MonotonicClock.seconds(since: started)
            }
            chmod(path, 0o600)
            #expect(seconds() >= 1)
            #expect(chown(path, 12_345, gid_t.max) == 0)
            #expect(seconds() < 0.5)
        }
    }
}
