import CascadeCore
import CascadeTestSupport
import CascadeTransport
import Foundation
import Testing

@testable import CascadeHost
@testable import cascade

/// `cascade doctor` on this machine, on broken model directories, and its verdicts by table.
@Suite struct DoctorTests {
    private struct Report: Decodable {
        struct Check: Decodable {
            var name: String
            var state: String
            var message: String
            var advice: String?
        }

        var build: String
        var ok: Bool
        var problems: Int
        var warnings: Int
        var checks: [Check]

        func check(_ name: String) throws -> Check { try #require(checks.first { $0.name.hasPrefix(name) }, "\(name)") }
    }

    /// Runs the command; its exit code must be what the report says.
    private func doctor(
        _ arguments: [String] = ["--no-hash"],
        endpoint: String? = nil,
        environment: [String: String] = [:],
        launcher: [String] = []
    ) async throws -> Report {
        let endpoint = try endpoint ?? "tcp://127.0.0.1:\(TCPSocket.freePort())"
        let result = try await CascadeProcess.run(
            ["doctor", "--json", "--endpoint", endpoint] + arguments,
            environment: environment,
            launcher: launcher
        )
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        #expect(result.code == (report.ok ? 0 : 1))
        #expect(report.ok == (report.problems == 0))
        #expect(report.problems == report.checks.count { $0.state == "problem" })
        #expect(report.warnings == report.checks.count { $0.state == "warning" })
        #expect(report.checks.allSatisfy { ($0.advice == nil) == ($0.state == "ok") })
        return report
    }

    private func withDirectory(_ body: (URL) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory)
    }

    @Test func thisMachine() async throws {
        let report = try await doctor()
        let names = report.checks.map(\.name).filter { !$0.hasPrefix("model ") }
        #expect(
            names == [
                "processor", "kernels", "cores", "memory", "huge-pages", "models", "libraries", "settings", "endpoint",
            ]
        )
        #expect(try report.check("endpoint").message.contains("is free"))
        #expect(try report.check("libraries").message.contains(/libzmq 4\.\d+\.\d+, protobuf-c 1\.\d+\.\d+/))
        #expect(try report.check("cores").message.contains("\(plural(AvailableCores.count(), "thread")) by default"))
    }

    /// Threads beyond the cores that a process may use would take each other's time.
    @Test func onlyTheCoresOfTheMaskCount() async throws {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
        let core = try #require(line.firstMatch(of: /[0-9]+/)).output
        let report = try await doctor(launcher: ["/usr/bin/taskset", "-c", String(core)])
        #expect(try report.check("cores").message.contains("1 in the affinity mask: 1 thread by default"))
    }

    @Test func aMissingModelsDirectoryIsAProblem() async throws {
        let report = try await doctor(environment: ["CASCADE_MODELS_DIR": "/nowhere/at/all"])
        #expect(!report.ok)
        let check = try report.check("models")
        #expect(check.state == "problem")
        #expect(check.message.contains("/nowhere/at/all is not there"))
        #expect(check.advice?.contains("cascade model fetch qwen2.5-coder-0.5b qwen2.5-coder-1.5b") == true)
    }

    @Test func brokenModelFilesAreFound() async throws {
        try await withDirectory { directory in
            // As long as the real file, but all zeros; and one that is too short.
            let zeros = directory.appending(path: "SmolLM2-135M-Instruct.Q4_1.gguf").path
            try Data().write(to: URL(filePath: zeros))
            truncate(zeros, 98_362_432)
            try Data("GGUF".utf8).write(
                to: directory.appending(path: "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
            )
            try Data("GGUF".utf8).write(to: directory.appending(path: "mine.gguf"))
            let environment = ["CASCADE_MODELS_DIR": directory.path]
            let report = try await doctor([], environment: environment)
            #expect(try report.check("model SmolLM2").state == "problem")
            #expect(try report.check("model SmolLM2").message.hasPrefix("sha256 "))
            #expect(try report.check("model qwen2.5-coder-0.5b").message == "4 bytes, not 491400064")
            #expect(try report.check("model mine").state == "warning")
            #expect(try report.check("model mine").message.contains("cannot be served: "))
            #expect(try report.check("models").state == "warning")
            let quick = try await doctor(environment: environment)
            #expect(try quick.check("model SmolLM2").state == "warning")
            #expect(try quick.check("model SmolLM2").message.contains("four letters GGUF"))
        }
    }

    @Test func aCoordinatorAnswersAtTheEndpoint() async throws {
        let cluster = try TestCluster()
        let health = ["health", "--roles", "coordinator"]
        try await waitUntil("the coordinator answers") { try await cluster.client(health).code == 0 }
        let check = try await doctor(endpoint: cluster.endpoint).check("endpoint")
        #expect(check.state == "ok")
        #expect(check.message.contains("0 drafters and 0 experts ready"))
    }

    @Test func somethingElseAtTheEndpointIsAProblem() async throws {
        let (socket, port) = try TCPSocket.listen()
        defer { close(socket) }
        let check = try await doctor(endpoint: "tcp://127.0.0.1:\(port)").check("endpoint")
        #expect(check.state == "problem")
        #expect(check.message.contains("is not a coordinator of this version"))
    }

    @Test func unknownKernelsAreAProblem() async throws {
        let check = try await doctor(environment: ["CASCADE_KERNELS": "abacus"]).check("kernels")
        #expect(check.state == "problem")
        #expect(check.message.contains("abacus"))
    }

    // MARK: Verdicts

    @Test(
        arguments: [
            (16, 16, nil, .ok), (16, 3, nil, .warning), (4, 4, nil, .problem), (16, 16, 4, .problem), (16, 16, 8, .ok),
        ] as [(Int, Int, Int?, DoctorCheck.State)]
    )
    func memoryVerdicts(_ total: Int, _ available: Int, _ limit: Int?, _ expected: DoctorCheck.State) {
        let memory = AvailableMemory(
            total: total * 1_000_000_000,
            available: available * 1_000_000_000,
            limit: limit.map { $0 * 1_000_000_000 }
        )
        let check = MemoryChecks.memory(memory, need: 5_000_000_000)
        #expect(check.state == expected)
        if limit == 4 { #expect(check.advice?.contains("control group") == true) }
    }

    @Test(
        arguments: [
            ("[always] madvise never\n", .ok), ("always [madvise] never\n", .ok),
            ("always madvise [never]\n", .warning),
            (nil, .warning),
        ] as [(String?, DoctorCheck.State)]
    )
    func hugePageVerdicts(_ setting: String?, _ expected: DoctorCheck.State) {
        #expect(MemoryChecks.hugePages(setting: setting).state == expected)
    }

    @Test func oneCoreIsAWarning() {
        #expect(ProcessorChecks.cores(inMask: 1, quota: nil, threads: 1).state == .warning)
        let cut = ProcessorChecks.cores(inMask: 8, quota: 2, threads: 2)
        #expect(cut.state == .ok)
        #expect(cut.message.contains("quota is 2:"))
        let half = ProcessorChecks.cores(inMask: 8, quota: 0.5, threads: 1)
        #expect(half.state == .warning)
        #expect(half.message.contains("quota is 0.5:"))
    }

    @Test func theProcessorIsReadFromBothKindsOfText() {
        let amd = ProcessorChecks.processor(
            information: "processor\t: 0\nmodel name\t: X 1\nflags\t\t: fpu avx2 f16c\n"
        )
        #expect(amd.message == "X 1; avx2 f16c")
        let arm = ProcessorChecks.processor(information: "processor\t: 0\nFeatures\t: fp asimd asimddp\n")
        #expect(arm.message == "unknown processor; asimd asimddp")
    }

    @Test func slowerKernelsThanPossibleAreAWarning() throws {
        let best = ProcessorChecks.kernels(wanted: nil)
        let generic = ProcessorChecks.kernels(wanted: "generic")
        #expect(generic.state == .warning)
        #expect(best.state == .ok || best.message == generic.message)
    }

    @Test func aLowLimitOfProcessesIsAWarning() throws {
        #expect(ProcessorChecks.processes(ProcessLimits(), cores: 2).isEmpty)
        #expect(ProcessorChecks.processes(ProcessLimits(user: 4_096, group: 2_048), cores: 8).isEmpty)
        let check = try #require(ProcessorChecks.processes(ProcessLimits(user: 30, group: 40), cores: 2).first)
        #expect(check.state == .warning && check.name == "processes")
        #expect(check.message.contains("30 for all that this user runs (ulimit -u), 40 for its control group"))
        #expect(ClusterSupervisor.threadHint(ProcessLimits(user: 30), cores: 2).contains("ulimit -u"))
        #expect(ClusterSupervisor.threadHint(ProcessLimits(user: 4_096), cores: 2).isEmpty)
    }

    @Test func anEndpointThatIsFree() {
        let local = EndpointChecks.unanswered("tcp://127.0.0.1:1", .free, isLoopback: true)
        let remote = EndpointChecks.unanswered("tcp://10.0.0.1:1", .free, isLoopback: false)
        let gone = EndpointChecks.unanswered("tcp://10.0.0.1:1", .unreachable("no answer"), isLoopback: false)
        #expect([local.state, remote.state, gone.state] == [.ok, .warning, .problem])
    }

    @Test func memoryIsReadFromTheKernelsText() {
        let text = "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    400 kB\n"
        let memory = AvailableMemory.parse(memoryInfo: text)
        #expect(memory?.total == 1_024_000)
        #expect(memory?.available == 409_600)
        #expect(AvailableMemory.parse(memoryInfo: "MemTotal: 5 kB\n") == nil)
    }
}
