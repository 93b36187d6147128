import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `cascade up` with a part of the roles, and with one that cannot start.
@Suite struct UpTests {
    /// The command with a folder of records of its own.
    private func up(_ arguments: [String]) throws -> CascadeProcess {
        let cache = FileManager.default.temporaryDirectory.appending(path: "up-\(UUID().uuidString)").path
        return try CascadeProcess(["up"] + arguments, environment: ["XDG_STATE_HOME": cache])
    }

    @Test func listsOfRoles() throws {
        #expect(RoleList(argument: "drafter, coordinator")?.nodes == [.drafter])
        #expect(RoleList(argument: "expert,drafter,coordinator") == .all)
        #expect(RoleList(argument: "coordinator")?.nodes == [])
        #expect(RoleList(argument: RoleList.all.defaultValueDescription) == .all)
        #expect(RoleList(argument: "coordinator,client") == nil && RoleList(argument: "") == nil)
    }

    @Test func aClusterNeedsItsCoordinator() async throws {
        let result = try await up(["--roles", "drafter,expert"]).result()
        #expect(result.code == 2)
        #expect(result.errors.contains("'cascade join' adds nodes"), "\(result.errors)")
    }

    @Test(.timeLimit(.minutes(1))) func onlyWhatRunsNeedsAModel() async throws {
        let endpoint = "tcp://127.0.0.1:\(try TCPSocket.freePort())"
        let models = ["--drafter", ClusterTests.drafter, "--expert", "/no/such/file.gguf"]
        let cluster = try up(["--roles", "coordinator,drafter", "--endpoint", endpoint] + models)
        try await waitUntil("it is ready") { cluster.errors.contains("the cluster is ready") }
        let nodes = try await CascadeProcess.run(["nodes", "--json", "--endpoint", endpoint])
        #expect(nodes.output.contains("drafter") && !nodes.output.contains("expert"), "\(nodes.output)")
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
        let whole = try await up(["--endpoint", endpoint] + models).result()
        #expect(whole.code == 1 && whole.errors.contains("/no/such/file.gguf"), "\(whole.errors)")
    }

    /// Its jobs end with it: clients are told, and the file is gone.
    @Test(.timeLimit(.minutes(1))) func itsJobsEndWithIt() async throws {
        let port = try TCPSocket.freePort()
        let endpoint = "tcp://127.0.0.1:\(port)"
        let cache = FileManager.default.temporaryDirectory.appending(path: "up-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: cache) }
        let line = ["up", "--roles", "coordinator", "--endpoint", endpoint]
        let environment = ["XDG_STATE_HOME": cache.path]
        func stores() throws -> [String] {
            let files = FileManager.default.enumerator(atPath: cache.appending(path: "cascade/run").path)
            // The gateway's own stays: files and batches outlive a cluster.
            return (files?.compactMap { $0 as? String } ?? [])
                .filter { $0.contains("sqlite") && !$0.contains("-data/") }
        }
        let cluster = try CascadeProcess(line, environment: environment)
        let client = try CascadeProcess(["submit", "hello", "--endpoint", endpoint])
        try await waitUntil("the job waits") { client.errors.contains("waiting for an expert") }
        #expect(try !stores().isEmpty)
        cluster.signal(SIGTERM)
        #expect(await cluster.result().code == 0)
        let told = await client.result()
        #expect(told.code == 1 && told.errors.contains("shutting down; submit again"), "\(told)")
        #expect(try stores().isEmpty)

        // Where it cannot tidy up, the next one does.
        let killed = try CascadeProcess(line, environment: environment)
        try await waitUntil("it runs") { killed.errors.contains("the cluster is ready") }
        killed.signal(SIGKILL)
        _ = await killed.result()
        #expect(try !stores().isEmpty)
        try await waitUntil("its port is free") {
            let taken = TCPSocket.connect(port: port)
            if let taken { close(taken) }
            return taken == nil
        }
        let next = try CascadeProcess(line, environment: environment)
        try await waitUntil("another one runs") { next.errors.contains("the cluster is ready") }
        next.signal(SIGTERM)
        #expect(await next.result().code == 0)
        #expect(try stores().isEmpty)
    }

    @Test(.timeLimit(.minutes(1))) func aRoleThatCannotStartEndsTheOthers() async throws {
        let (socket, port) = try TCPSocket.listen()
        defer { close(socket) }
        let models = ["--drafter", ClusterTests.drafter, "--expert", ClusterTests.expert]
        let result = try await up(["--endpoint", "tcp://127.0.0.1:\(port)"] + models).result()
        #expect(result.code == 1)
        #expect(result.errors.contains("in use"), "\(result.errors)")
        #expect(result.errors.contains("the coordinator ended with code 1 before it was ready"), "\(result.errors)")
    }
}
