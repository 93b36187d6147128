import CascadeCore
import CascadeHost
import CascadeNode
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// The processes of `cascade up`: they end with it, hold nothing of who started it, and are found again by what they
/// are, not by their numbers or names.
@Suite struct UpProcessTests {
    private static let canUnshare: Bool = {
        let line = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "-m", "true"]
        let end = try? Process.run(URL(filePath: "/usr/bin/env"), arguments: line)
        end?.waitUntilExit()
        return end?.terminationStatus == 0 || Requirement.netns.isSet
    }()

    /// A cluster of the tiny pair in the foreground, ready.
    private func cluster(_ home: UpHome, _ arguments: [String] = []) async throws -> CascadeProcess {
        let cluster = try home.start(["up"] + arguments + UpHome.pair())
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        return cluster
    }

    /// The end of the terminal is a SIGHUP; nothing catches a SIGKILL.
    @Test(.timeLimit(.minutes(2)), arguments: [SIGTERM, SIGINT, SIGHUP, SIGKILL])
    func whateverEndsItEndsAll(_ signal: Int32) async throws {
        let home = try UpHome()
        let cluster = try await cluster(home)
        #expect(try home.processes().count == 5)
        cluster.signal(signal)
        let end = await cluster.result()
        #expect(end.code == (signal == SIGKILL ? -SIGKILL : 0), "\(end)")
        try await home.waitUntilEmpty()
        // What a killed one leaves keeps no other out.
        let next = try await self.cluster(home)
        next.signal(SIGTERM)
        #expect(await next.result().code == 0)
    }

    @Test(.timeLimit(.minutes(1))) func nohupKeepsItsWord() async throws {
        let home = try UpHome()
        let cluster = try home.start(["up", "--roles", "coordinator"], launcher: ["/usr/bin/nohup"])
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        cluster.signal(SIGHUP)
        #expect(try await home.run(["health", "--roles", "coordinator"]).code == 0)
        #expect(!cluster.isDone)
        // It means what runs below it as well.
        #expect(try ignores(SIGHUP, home))
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
    }

    /// That `up` itself handles the signal is no reason for its processes to ignore it.
    @Test(.timeLimit(.minutes(1))) func withoutNohupNothingIsIgnored() async throws {
        let home = try UpHome()
        let launcher = ["/usr/bin/env", "--default-signal=HUP"]
        let cluster = try home.start(["up", "--roles", "coordinator"], launcher: launcher)
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        let coordinator = try #require(try home.process("coordinator"))
        kill(coordinator, SIGHUP)
        try await waitUntil("it ends and is started again") { cluster.errors.contains("starting it again") }
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
    }

    /// `trap '' CHLD` of a shell is inherited, and the system then forgets how children end.
    @Test(.timeLimit(.minutes(1))) func endsAreKnownWhereWhoeverStartedItIgnoresThem() async throws {
        let home = try UpHome()
        let launcher = ["/usr/bin/env", "--ignore-signal=CHLD"]
        let (socket, port) = try TCPSocket.listen()
        defer { close(socket) }
        let taken = try await home.run(
            ["up", "-d", "--roles", "coordinator", "--endpoint", "tcp://127.0.0.1:\(port)"],
            launcher: launcher
        )
        #expect(taken.code == 1 && taken.errors.contains("the coordinator ended with code 1"), "\(taken)")
        let cluster = try home.start(["up", "--roles", "coordinator"], launcher: launcher)
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        kill(try #require(try home.process("coordinator")), SIGKILL)
        try await waitUntil("it is told how it ended") { cluster.errors.contains("it was killed") }
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
    }

    /// Whether the coordinator ignores a signal.
    private func ignores(_ number: Int32, _ home: UpHome) throws -> Bool {
        let pid = try #require(try home.process("coordinator"))
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") })
        let mask = try #require(UInt64(line.split(separator: "\t").last ?? "", radix: 16))
        return mask & (1 << UInt64(number - 1)) != 0
    }

    /// `flock L cascade up -d`, and whatever else was open before.
    @Test(.timeLimit(.minutes(1))) func theBackgroundHoldsNothing() async throws {
        let home = try UpHome()
        let lock = home.state.appending(path: "lock").path
        let up = try await home.run(["up", "-d"] + UpHome.pair(), launcher: ["/usr/bin/flock", lock])
        #expect(up.code == 0, "\(up)")
        let descriptor = open(lock, O_RDWR | O_CLOEXEC)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        for pid in try home.processes() {
            let folder = "/proc/\(pid)/fd"
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
                let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)")) ?? ""
                #expect(target != lock)
            }
        }
        #expect(try await home.run(["down"]).errors.contains("has ended"))
        try await home.waitUntilEmpty()
    }

    /// Renamed, replaced by another program and deleted while it runs: what dies comes back as what it was, and `down`
    /// ends it.
    @Test(.timeLimit(.minutes(2))) func aProgramThatIsReplaced() async throws {
        let home = try UpHome()
        let program = home.state.appending(path: "cascade-0.1")
        try FileManager.default.copyItem(atPath: CascadeProcess.binary, toPath: program.path)
        let up = try ChildProcess(
            executable: program.path,
            arguments: ["up", "-d"] + UpHome.pair(),
            environment: ProcessInfo.processInfo.environment.merging(home.environment) { $1 }
        )
        #expect(await up.exitCode() == 0)
        try FileManager.default.removeItem(at: program)
        try Data("no program".utf8).write(to: program)
        let expert = try #require(try home.process("expert"))
        kill(expert, SIGKILL)
        try await waitUntil("another expert is ready") {
            let nodes = try await home.run(["nodes", "--json"])
            let lines = try? JSONDecoder().decode([NodeLine].self, from: Data(nodes.output.utf8))
            return lines?.contains { $0.role == "expert" && $0.state == "ready" && !$0.node_id.hasSuffix("-\(expert)") }
                ?? false
        }
        #expect(try await home.run(["down"]).errors.contains("has ended"))
        try await home.waitUntilEmpty()
    }

    // MARK: Records

    /// A container that is killed and started again has the numbers that it had before.
    @Test(.timeLimit(.minutes(1)), .enabled(if: canUnshare)) func theSameNumbersAgain() async throws {
        let home = try UpHome()
        let launcher = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        for _ in 0..<2 {
            let cluster = try home.start(["up", "--roles", "coordinator"], launcher: launcher)
            try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
            // From outside its numbers are other processes': nobody is hit.
            let down = try await home.run(["down"])
            #expect(down.code == 1 && down.errors.contains("runs in another container"), "\(down)")
            cluster.signal(SIGKILL)
            _ = await cluster.result()
            try await home.waitUntilEmpty()
        }
        #expect(try await home.run(["down"]).code == 0)
    }

    /// Where a home folder has no locks, the processes of the record say whether it is held.
    @Test(.timeLimit(.minutes(1)), .enabled(if: SystemCalls.isWanted, Comment(rawValue: SystemCalls.want)))
    func recordsWithoutLocks() async throws {
        let home = try UpHome()
        let first = try home.start(["up", "--roles", "coordinator"])
        try await waitUntil("it is ready") { first.errors.contains("the cluster is ready") }
        let record = try #require(try home.files(".json").first).path
        first.signal(SIGTERM)
        #expect(await first.result().code == 0)

        let launcher = SystemCalls.injecting("fcntl:error=ENOLCK", path: record)
        let up = try await home.run(["up", "-d", "--roles", "coordinator"], launcher: launcher)
        #expect(up.code == 0 && up.errors.contains("coordinator ready"), "\(up)")
        let second = try await home.run(["up", "--roles", "coordinator"], launcher: launcher)
        #expect(second.code == 1 && second.errors.contains("'cascade down' ends it"), "\(second)")
        #expect(try await home.run(["down"], launcher: launcher).errors.contains("has ended"))
        #expect(try home.files(".json").isEmpty)
        try await home.waitUntilEmpty()
    }

    /// What a killed `up` leaves, changed by `change`.
    private func leftover(_ home: UpHome, _ change: (String) -> String) async throws {
        let cluster = try home.start(["up", "--roles", "coordinator"])
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        cluster.signal(SIGKILL)
        _ = await cluster.result()
        try await home.waitUntilEmpty()
        let file = try #require(try home.files(".json").first)
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(change(text).utf8).write(to: file)
    }

    /// Numbers that belong to somebody else by now.
    @Test(.timeLimit(.minutes(1))) func othersAreLeftAlone() async throws {
        let home = try UpHome()
        var started: ChildProcess?
        try await leftover(home) { text in
            // Long after the cluster: two processes that start in the same hundredth of a second cannot be told apart.
            started = try? ChildProcess(executable: "/bin/sleep", arguments: ["600"])
            return text.replacing(/"pid":[0-9]+/, with: "\"pid\":\(started?.pid ?? 0)")
        }
        let bystander = try #require(started)
        defer { bystander.signal(SIGKILL) }
        let down = try await home.run(["down"])
        #expect(down.code == 0 && !down.errors.contains("has ended"), "\(down)")
        #expect(!bystander.isDone)
        let second = try await cluster(home)
        second.signal(SIGTERM)
        #expect(await second.result().code == 0)
        #expect(!bystander.isDone)
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "", "{", String(repeating: "\0", count: 4_096), "[]",
            #"{"supervisor":1,"children":{"expert":1},"endpoint":"x"}"#,
        ]
    )
    func recordsThatCannotBeRead(_ text: String) async throws {
        let home = try UpHome()
        try await leftover(home) { _ in text }
        let cluster = try await cluster(home)
        #expect(cluster.errors.contains("it is replaced") == !text.isEmpty, "\(cluster.errors)")
        #expect(try await home.run(["down"]).errors.contains("has ended"))
        #expect(await cluster.result().code == 0)

        try await leftover(home) { _ in text }
        let down = try await home.run(["down"])
        #expect(down.code == 0 && down.errors.contains("is removed"), "\(down)")
        #expect(try home.files(".json").isEmpty)
    }

    /// A child that outlives its `up` is found and ended.
    @Test(.timeLimit(.minutes(1))) func whatIsLeftIsFound() async throws {
        let home = try UpHome()
        let orphan = try ChildProcess(executable: "/bin/sleep", arguments: ["600"])
        defer { orphan.signal(SIGKILL) }
        let identity = try JSONEncoder().encode(try #require(ProcessIdentity(pid: orphan.pid)))
        try await leftover(home) { text in
            let child = "\"coordinator\":" + String(decoding: identity, as: UTF8.self)
            return text.replacing(/"coordinator":\{[^}]*\}/, with: child)
        }
        let second = try await home.run(["up", "--roles", "coordinator"])
        #expect(second.code == 1 && second.errors.contains("'cascade down' ends it"), "\(second)")
        #expect(try await home.run(["down"]).errors.contains("has ended"))
        #expect(await orphan.exitCode() == -SIGTERM)
        #expect(try home.files(".json").isEmpty)
    }
}
