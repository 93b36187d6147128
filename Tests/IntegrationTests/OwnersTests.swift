import CascadeCore
import CascadeKeys
import Foundation
import Testing

/// A cluster that two teams share, by real processes: neither learns of the other's jobs, an operator sees all.
@Suite(.serialized) struct OwnersTests {
    /// A coordinator with a journal, no nodes, and the keys of two teams.
    private struct Shared {
        let keys: TestKeys
        let cluster: TestCluster
        let anna: String
        let annasLaptop: String
        let berta: String
        private let folder: URL

        init() throws {
            keys = try TestKeys()
            anna = try keys.folder.make("anna", role: .client)
            annasLaptop = try keys.folder.make("anna-laptop", role: .client, owner: "anna")
            var limits = OwnerLimits()
            limits.maxJobs = 3
            berta = try keys.folder.make("berta", role: .client, owner: "team-b", limits: limits)
            folder = FileManager.default.temporaryDirectory.appending(path: "cascade-owners-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            cluster = try TestCluster(coordinator: ["--store", folder.appending(path: "jobs.sqlite").path], keys: keys)
        }

        func end() {
            cluster.kill()
            try? FileManager.default.removeItem(at: folder)
        }

        func run(_ key: String, _ arguments: String...) async throws -> CascadeProcess.Result {
            try await cluster.client(arguments + ["--key", key])
        }

        /// Submits a job that waits, as there are no nodes.
        func submit(_ key: String, _ prompt: String) async throws -> String {
            let result = try await run(key, "submit", "--detach", prompt)
            #expect(result.code == 0, "\(result.errors)")
            return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        func jobs(_ key: String, _ arguments: String...) async throws -> [JobLine] {
            let result = try await cluster.client(["jobs", "--json"] + arguments + ["--key", key])
            return try JSONDecoder().decode([JobLine].self, from: Data(result.output.utf8))
        }
    }

    private struct JobLine: Decodable {
        var job_id: String
        var state: String
        var prompt_beginning: String
        var owner: String?
        var note: String
    }

    @Test(.timeLimit(.minutes(2)))
    func foreignJobsAreUnknownToCommands() async throws {
        let shared = try Shared()
        defer { shared.end() }
        let job = try await shared.submit(shared.anna, "my secret")
        let none = "0123456789abcdef"
        for command in [["status"], ["status", "--json"], ["watch"], ["result"], ["cancel"], ["cancel", "--json"]] {
            let arguments = command + ["--key", shared.berta]
            let foreign = try await shared.cluster.client(arguments + [job])
            let unknown = try await shared.cluster.client(arguments + [none])
            #expect(foreign.code == unknown.code && foreign.code != 0, "\(command)")
            #expect(foreign.output.replacing(job, with: none) == unknown.output, "\(command)")
            #expect(foreign.errors.replacing(job, with: none) == unknown.errors, "\(command)")
        }
        let several = try await shared.run(shared.berta, "cancel", job, none)
        #expect(several.code == 1 && several.output == "0 jobs cancelled\n", "\(several.output)")
        #expect(several.errors.contains(job) && several.errors.contains(none))
        #expect(try await shared.jobs(shared.berta).isEmpty)
        #expect(try await shared.run(shared.berta, "cancel", "--all").output == "no job to cancel\n")

        // Its owner's other key sees it as it was; an operator sees whose it is and not what it says.
        let own = try await shared.jobs(shared.annasLaptop)
        #expect(own.map(\.job_id) == [job] && own[0].prompt_beginning == "my secret" && own[0].state == "queued")
        let seen = try await shared.jobs(shared.keys.file(.admin), "--owner", "anna")
        #expect(seen.map(\.job_id) == [job] && seen[0].owner == "anna" && seen[0].prompt_beginning.isEmpty)
        let cancelled = try await shared.run(shared.keys.file(.admin), "cancel", job)
        #expect(cancelled.code == 0 && cancelled.output.contains("cancelled"))
    }

    @Test(.timeLimit(.minutes(2)))
    func ownersOutliveTheCoordinatorAndTheirKeys() async throws {
        let shared = try Shared()
        defer { shared.end() }
        var jobs: [String] = []
        for number in 0..<3 { jobs.append(try await shared.submit(shared.berta, "job \(number)")) }
        let refused = try await shared.run(shared.berta, "submit", "--detach", "one more")
        #expect(refused.code != 0 && refused.errors.contains("owner team-b has 3 unfinished jobs"), "\(refused.errors)")
        let annas = try await shared.submit(shared.anna, "anna's")
        let laptops = try await shared.submit(shared.annasLaptop, "the laptop's")

        let coordinator = try shared.cluster.coordinator
        coordinator.signal(SIGKILL)
        _ = await coordinator.result()
        // While no coordinator runs, one key goes with its jobs, and another without.
        let keys = ["--keys", shared.keys.folder.path]
        #expect(try await CascadeProcess.run(["keys", "revoke", "berta"] + keys).code == 0)
        #expect(try await CascadeProcess.run(["keys", "revoke", "anna-laptop", "--keep-jobs"] + keys).code == 0)
        try shared.cluster.restartCoordinator()
        let admin = shared.keys.file(.admin)
        try await waitUntil("the coordinator is back") { try await shared.jobs(admin).count == 5 }
        let all = try await shared.jobs(admin)
        let ended = all.filter { $0.state == "finished" }
        #expect(Set(ended.map(\.job_id)) == Set(jobs) && ended.allSatisfy { $0.note.contains("has been revoked") })
        #expect(Set(all.filter { $0.state == "queued" }.map(\.job_id)) == [annas, laptops])
        #expect(Set(try await shared.jobs(shared.anna).map(\.job_id)) == [annas, laptops])

        // Revoked once more, the key takes its jobs with it while the coordinator runs.
        #expect(try await CascadeProcess.run(["keys", "revoke", "anna-laptop"] + keys).code == 0)
        try await waitUntil("the job ends") {
            try await shared.jobs(admin).first { $0.job_id == laptops }?.state == "finished"
        }
        let cancelled = try await shared.run(admin, "cancel", "--all")
        #expect(cancelled.output == "1 job cancelled\n")
    }

    /// Ending many jobs is one request.
    @Test(.timeLimit(.minutes(3)))
    func allJobsAreCancelledInOneRequest() async throws {
        let shared = try Shared()
        defer { shared.end() }
        var jobs: [String] = []
        for number in 0..<20 { jobs.append(try await shared.submit(shared.anna, "job \(number)")) }
        let some = try await shared.cluster.client(["cancel", "--json", "--key", shared.anna] + jobs.prefix(5))
        struct Outcome: Decodable {
            var cancelled: [String]
            var ended: [String]
            var unknown: [String]
        }
        let outcome = try JSONDecoder().decode(Outcome.self, from: Data(some.output.utf8))
        #expect(outcome.cancelled == Array(jobs.prefix(5)) && outcome.ended.isEmpty && outcome.unknown.isEmpty)
        let rest = try await shared.run(shared.anna, "cancel", "--all")
        #expect(rest.code == 0 && rest.output == "15 jobs cancelled\n", "\(rest.output)")
    }
}
