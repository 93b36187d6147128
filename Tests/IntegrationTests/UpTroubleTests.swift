import CascadeCore
import CascadeHost
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `cascade up` waits for causes that may pass, and says them where people look.
@Suite struct UpTroubleTests {
    private static let canMount = geteuid() == 0 || Requirement.netns.isSet
    private static let mounts: Comment = "a small disk of its own is mounted: run the tests as root"

    /// A disk that is full for longer than a few restarts take.
    @Test(.timeLimit(.minutes(2)), .enabled(if: canMount, mounts)) func aFullDisk() async throws {
        let home = try UpHome()
        // Its folders, records and all, are a disk of 2 MB that these processes alone see.
        let script = "mount -t tmpfs -o size=2m none \"$0\" && exec \"$@\""
        let launcher = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, home.state.path]
        let cluster = try home.start(["up"] + UpHome.pair(), launcher: launcher)
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        let inside = ["/usr/bin/nsenter", "-t", "\(cluster.pid)", "-m"]
        func fill(_ line: String) async throws {
            let arguments = inside.dropFirst() + ["/bin/sh", "-c", line, home.state.path]
            _ = await (try ChildProcess(executable: inside[0], arguments: Array(arguments))).exitCode()
        }
        try await fill("dd if=/dev/zero of=\"$0/filler\" bs=4k 2>/dev/null")
        let client = try home.start(
            ["submit", "x", "--raw", "--max-tokens", "4", "--timeout", "100"],
            launcher: inside
        )
        func restarts() -> Int { cluster.errors.components(separatedBy: "starting it again").count - 1 }
        try await waitUntil("it has been tried more than five times", seconds: 60) { restarts() > 5 }
        #expect(cluster.errors.contains("the disk is full"))
        try await waitUntil("a command says why") {
            let status = try await home.run(["status"], launcher: inside)
            return status.code == 3 && status.errors.contains("the coordinator is down: ")
                && status.errors.contains("the disk is full")
        }
        try await waitUntil("the client says why") { client.errors.contains("the disk is full") }
        try await fill("rm \"$0/filler\"")
        try await waitUntil("it is well again", seconds: 60) {
            try await home.run(["health", "--nodes"], launcher: inside).code == 0
        }
        let answer = await client.result()
        #expect(answer.code == 0, "\(answer)")
        let status = try await home.run(["status"], launcher: inside)
        #expect(status.code == 0 && !status.output.contains("is down"), "\(status)")
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
    }

    /// A port that somebody else takes while the coordinator is away.
    @Test(.timeLimit(.minutes(2))) func aPortThatIsTaken() async throws {
        let home = try UpHome()
        let port = try TCPSocket.freePort()
        let endpoint = ["--endpoint", "tcp://127.0.0.1:\(port)"]
        let cluster = try home.start(["up", "--roles", "coordinator"] + endpoint)
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        kill(try #require(try home.process("coordinator")), SIGKILL)
        let thief = try await take(port)
        try await waitUntil("it is in the way") { cluster.errors.contains("in use") }
        #expect(cluster.errors.contains("perhaps because memory ran out"))
        try await waitUntil("a command says why") {
            let health = try await home.run(["health"] + endpoint)
            return health.code == 3 && health.errors.contains("in use")
        }
        close(thief)
        let health = ["health", "--roles", "coordinator"] + endpoint
        try await waitUntil("it is well again") { try await home.run(health).code == 0 }
        let down = try await home.run(["down"] + endpoint)
        #expect(down.errors.contains("has ended") && !down.errors.contains("was down"), "\(down)")
        #expect(await cluster.result().code == 0)
    }

    /// Listens at a port as soon as it is free.
    private func take(_ port: UInt16) async throws -> Int32 {
        var descriptor: Int32?
        try await waitUntil("the port is taken") {
            descriptor = TCPSocket.listen(at: SocketAddress(port: port))
            return descriptor != nil
        }
        return try #require(descriptor)
    }

    /// A node that somebody ends is started again; one that an operator drained stays away, and that is told.
    @Test(.timeLimit(.minutes(2))) func aNodeThatLeaves() async throws {
        let home = try UpHome()
        let cluster = try home.start(["up"] + UpHome.pair(), launcher: ["/usr/bin/env", "--default-signal=HUP"])
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        for number in [SIGTERM, SIGHUP, SIGINT] {
            let drafter = try #require(try home.process("drafter"))
            kill(drafter, number)
            try await waitUntil("there is another one", seconds: 30) {
                guard let next = try home.process("drafter"), next != drafter else { return false }
                return try await home.run(["health", "--nodes"]).code == 0
            }
        }
        #expect(cluster.errors.contains("a signal from outside ended it") && !cluster.errors.contains("drained"))
        let table = try await home.run(["nodes", "--json"])
        let nodes = try JSONDecoder().decode([NodeLine].self, from: Data(table.output.utf8))
        let name = try #require(nodes.first { $0.role == "drafter" }?.node_id)
        #expect(try await home.run(["nodes", "drain", name]).code == 0)
        try await waitUntil("it has left") { cluster.errors.contains("drafter was drained and has left") }
        let health = try await home.run(["health", "--nodes"])
        #expect(health.code == 1 && health.errors.contains("no drafter is ready"), "\(health)")
        let plain = try await home.run(["health"])
        #expect(plain.code == 0 && plain.output.contains("no drafter is ready"), "\(plain)")
        let status = try await home.run(["status"])
        #expect(status.code == 0 && status.output.contains("note: no drafter is ready"), "\(status)")
        try await Task.sleep(for: .seconds(1))
        #expect(try home.process("drafter") == nil)
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
    }

    /// A disk that was full before: the cause is told although the log has no room for it, and nothing is left.
    @Test(
        .timeLimit(.minutes(1)),
        .enabled(if: canMount, mounts),
        arguments: [("4k", "No space left"), ("16k", "disk is full")]
    )
    func aDiskThatWasFullBefore(_ size: String, _ cause: String) async throws {
        let home = try UpHome()
        let script = """
            mount -t tmpfs -o size=\(size) none "$0" && "$@"
            code=$?; find "$0" ! -type d ! -name '*.log' -printf 'left: %f\n' >&2; exit $code
            """
        let launcher = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", script, home.state.path]
        let up = try await home.run(["up", "-d"] + UpHome.pair(), launcher: launcher)
        #expect(up.code == 1 && up.errors.contains("the cluster did not start: "), "\(up)")
        #expect(up.errors.contains(cause) && !up.errors.contains("left: "), "\(up)")
        try await home.waitUntilEmpty()
    }

    /// What cannot pass ends it at once, as it always did.
    @Test(.timeLimit(.minutes(1))) func aModelThatCannotBeServed() async throws {
        let home = try UpHome()
        let broken = home.state.appending(path: "broken.gguf").path
        try Data("no model".utf8).write(to: URL(filePath: broken))
        let up = try await home.run(["up", "-d", "--drafter", ClusterTests.drafter, "--expert", broken])
        #expect(up.code == 1 && up.errors.contains(broken), "\(up)")
        try await home.waitUntilEmpty()
    }
}
