import CascadeCore
import CascadeHost
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `cascade up` knows its own processes from those of others: ready is what it started itself, and nothing stays behind
/// of a cluster that could not be.
@Suite struct OwnClusterTests {
    private static let other = Fixtures.modelPath("tiny-llama.f16")

    /// Where there is a cluster already that this user's `up` knows nothing of: started by hand, in a container, by
    /// another.
    @Test(.timeLimit(.minutes(2)), arguments: ["127.0.0.1", "localhost"], [true, false])
    func aStrangersClusterIsNotOurs(_ host: String, isDetached: Bool) async throws {
        let stranger = try await TestCluster.tinyPair()
        let home = try UpHome()
        let endpoint = "tcp://\(host):\(stranger.port)"
        let second = try await home.run(
            ["up", "--endpoint", endpoint] + (isDetached ? ["-d"] : []) + UpHome.pair(expert: Self.other)
        )
        #expect(second.code == 1, "\(second)")
        #expect(second.errors.contains("in use") && !second.errors.contains("ready at"), "\(second.errors)")
        try await home.waitUntilEmpty()
        // Nobody of the second cluster was ever let near the first.
        #expect(!second.errors.contains("joined"), "\(second.errors)")
        #expect(try await stranger.nodes().count == 2)
        #expect(try home.files(".json").isEmpty)
        #expect(try await home.run(["down", "--endpoint", endpoint]).errors.contains("no cluster"))
    }

    @Test(.timeLimit(.minutes(2))) func allSpellingsNameOneCluster() async throws {
        let home = try UpHome()
        let port = try TCPSocket.freePort()
        let first = try await home.run(
            ["up", "-d", "--roles", "coordinator", "--endpoint", "tcp://127.0.0.1:\(port)", "--store", "none"]
        )
        #expect(first.code == 0, "\(first)")
        for host in ["localhost", "127.0.0.1", "127.1", "[::1]"] {
            let second = try await home.run(
                ["up", "-d", "--endpoint", "tcp://\(host):\(port)"] + UpHome.pair(expert: Self.other)
            )
            #expect(second.code == 1 && second.errors.contains("a cluster already runs"), "\(host): \(second)")
        }
        let down = try await home.run(["down", "--endpoint", "tcp://LOCALHOST:\(port)"])
        #expect(down.code == 0 && down.errors.contains("has ended"), "\(down)")
        try await home.waitUntilEmpty()
    }

    /// The own coordinator listens, but it is another one that answers where nodes and clients would go.
    @Test(.timeLimit(.minutes(1))) func anEndpointThatLeadsToAnother() async throws {
        let stranger = try TestCluster()
        let home = try UpHome()
        let listen = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        let up = try await home.run(["up", "-d", "--listen", listen, "--endpoint", stranger.endpoint] + UpHome.pair())
        #expect(up.code == 1 && up.errors.contains("another coordinator answers at"), "\(up)")
        try await home.waitUntilEmpty()
        #expect(try await stranger.nodes().isEmpty)
    }

    /// Two at the same moment: one of them runs, and the other leaves its record alone.
    @Test(.timeLimit(.minutes(1))) func twoAtOnce() async throws {
        let home = try UpHome()
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        let line = ["up", "-d", "--roles", "coordinator", "--endpoint", endpoint, "--store", "none"]
        let both = [try home.start(line), try home.start(line)]
        let ends = [await both[0].result(), await both[1].result()]
        #expect(ends.map(\.code).sorted() == [0, 1], "\(ends)")
        #expect(ends.contains { $0.errors.contains("already runs") }, "\(ends)")
        #expect(try await home.run(["down", "--endpoint", endpoint]).errors.contains("has ended"))
        try await home.waitUntilEmpty()
    }

    /// Those that come too late leave the log of the one that runs as it is.
    @Test(.timeLimit(.minutes(1))) func threeAtOnceHaveOneLog() async throws {
        let home = try UpHome()
        let line = ["up", "-d", "--roles", "coordinator", "--store", "none"]
        for _ in 0..<3 {
            let all = [try home.start(line), try home.start(line), try home.start(line)]
            var ends: [CascadeProcess.Result] = []
            for one in all { ends.append(await one.result()) }
            #expect(ends.map(\.code).sorted() == [0, 1, 1], "\(ends)")
            let log = try String(contentsOf: try #require(try home.files(".log").first), encoding: .utf8)
            #expect(log.contains("the cluster is ready"), "\(log)")
            // One cluster's, not those of all that ran there.
            #expect(log.components(separatedBy: "the cluster is ready").count == 2, "\(log)")
            #expect(try await home.run(["down"]).errors.contains("has ended"))
            try await home.waitUntilEmpty()
        }
    }

    // MARK: Where it is by default

    /// No flag anywhere, and no door for others: the socket lies in a folder of mode 0700.
    @Test(.timeLimit(.minutes(2))) func withoutFlagsItIsThisUsersAlone() async throws {
        let home = try UpHome()
        let up = try await home.run(["up", "-d"] + UpHome.pair())
        #expect(up.code == 0 && up.errors.contains("ready at ipc://"), "\(up)")
        let answer = try Answer(await home.run(["submit", "x", "--raw", "--json", "--max-tokens", "4"]))
        #expect(answer.tokens.count == 4)
        for command in ["health", "nodes", "status", "jobs"] {
            #expect(try await home.run([command]).code == 0, "\(command)")
        }
        let socket = try #require(try home.files(".sock").first)
        let folder = try FileManager.default.attributesOfItem(atPath: socket.deletingLastPathComponent().path)
        #expect((folder[.posixPermissions] as? Int) == 0o700)
        if geteuid() == 0 {
            let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "test", "-e", socket.path]
            let look = try ChildProcess(executable: "/usr/bin/setpriv", arguments: nobody)
            #expect(await look.exitCode() == 1)
        }
        // Another user of the machine, with a home of their own, meets nobody.
        let stranger = try UpHome()
        #expect(try await stranger.run(["health"]).code == 3)
        #expect(try await stranger.run(["down"]).errors.contains("no cluster"))
        let own = try await stranger.run(["up", "-d", "--roles", "coordinator"])
        #expect(own.code == 0, "\(own)")
        for user in [home, stranger] {
            #expect(try await user.run(["down"]).errors.contains("has ended"))
            try await user.waitUntilEmpty()
        }
    }

    @Test(.timeLimit(.minutes(1))) func aPortIsFoundWithoutFlagsToo() async throws {
        let home = try UpHome()
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        #expect(try await home.run(["up", "-d", "--roles", "coordinator", "--endpoint", endpoint]).code == 0)
        #expect(try await home.run(["health", "--roles", "coordinator"]).code == 0)
        #expect(try await home.run(["down"]).errors.contains("the cluster at \(endpoint) has ended"))
    }

    @Test(.timeLimit(.minutes(1))) func rolesByHandMeetWithoutFlags() async throws {
        let home = try UpHome()
        let coordinator = try home.start(["coordinator"])
        let expert = try home.start(["expert", "--model", ClusterTests.expert, "--threads", "1"])
        try await waitUntil("the expert is ready") { expert.errors.contains("ready") }
        #expect(expert.errors.components(separatedBy: "joined").count == 2, "\(expert.errors)")
        #expect(try await home.run(["health", "--roles", "expert"]).output.contains("1 expert"))
        for process in [expert, coordinator] {
            process.signal(SIGTERM)
            #expect(await process.result().code == 0)
        }
    }

    /// A socket's path has at most 107 bytes.
    @Test(.timeLimit(.minutes(1))) func aHomeWithALongName() async throws {
        let short = try UpHome()
        let long = short.state.appending(path: String(repeating: "x", count: 120)).path
        let refused = try await CascadeProcess.run(
            ["up", "--roles", "coordinator"],
            environment: ["XDG_STATE_HOME": long, "XDG_RUNTIME_DIR": ""]
        )
        #expect(refused.code == 2 && refused.errors.contains("at most 107 are possible"), "\(refused)")
        for command in [["up", "--roles", "coordinator"], ["coordinator"], ["status"]] {
            let result = try await CascadeProcess.run(
                command,
                environment: ["XDG_STATE_HOME": long, "XDG_RUNTIME_DIR": ""]
            )
            let option = command == ["coordinator"] ? "--listen" : "--endpoint"
            #expect(result.code == 2 && result.errors.contains("name another with \(option)"), "\(result)")
        }
        let runtime = short.state.appending(path: "runtime").path
        mkdir(runtime, 0o700)
        let home = try UpHome(["XDG_STATE_HOME": long, "XDG_RUNTIME_DIR": runtime])
        let up = try await home.run(["up", "-d", "--roles", "coordinator"])
        #expect(up.code == 0 && up.errors.contains("ready at ipc://\(runtime)/cascade/"), "\(up)")
        #expect(try await home.run(["health", "--roles", "coordinator"]).code == 0)
        #expect(try await home.run(["down"]).errors.contains("has ended"))
        // One that others can enter is none.
        chmod(runtime, 0o755)
        #expect(try await home.run(["up", "--roles", "coordinator"]).code == 2)
    }
}
