import CascadeTestSupport
import Foundation
import Testing

/// The table of the guide's page on two machines: its very commands with the default pair, on machines of their own
/// with 10 ms between them: 5 ms each way. Runs where CASCADE_MEASURE names a folder for the raw output, and asks for
/// nothing but that it works; a case that has a folder in there is left out.
@Suite(.serialized) struct TwoMachinesMeasurement {
    private static let variables = ProcessInfo.processInfo.environment
    private static let folder = variables["CASCADE_MEASURE"].map { URL(filePath: $0) }
    private static let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()

    enum Case: String, CaseIterable {
        /// The expert moves to B; both machines have all cores, so that only the latency counts.
        case sharedCores = "shared-cores"
        /// The same with a core for each machine.
        case coreEach = "core-each"
        /// A keeps its expert, and B adds a second one; a core for each machine.
        case secondExpert = "second-expert"
    }

    @Test(
        .enabled(
            if: folder != nil,
            "a measurement of half an hour, not a check: CASCADE_MEASURE=FOLDER runs it and keeps its output"
        ),
        arguments: Case.allCases
    )
    func theDefaultPair(_ name: Case) async throws {
        let folder = try #require(Self.folder).appending(path: name.rawValue)
        guard !FileManager.default.fileExists(atPath: folder.path) else { return }
        let cores = name == .sharedCores ? [:] : ["A": 0, "B": 1]
        let blocks = try GuideCommands(page: "two-machines.md", section: "The commands").blocks
        let models = Self.variables["CASCADE_MODELS_DIR"] ?? NSHomeDirectory() + "/.cache/cascade/models"
        try await VirtualNetwork.with(["A", "B", "C"], cores: cores) { network in
            let proxy = try FaultProxy(network, latency: .milliseconds(5))
            defer { proxy.close() }
            let client = network.home("C")
            let prompts = Self.root.appending(path: "deploy/prompts/free-text.jsonl")
            try FileManager.default.copyItem(at: prompts, to: client.appending(path: "prompts.jsonl"))
            var reader = GuideReader(network: network)
            for machine in ["A", "B"] { reader.environment[machine] = ["CASCADE_MODELS_DIR": models] }
            reader.environment["C"] = [
                "CASCADE_CONCURRENCY": "1,8", "CASCADE_MAX_TOKENS": "64", "CASCADE_SECONDS": "20",
            ]
            var report = ""
            for step in blocks[0] { report += try await reader.perform(step).output }
            var up = blocks[1][0]
            if name == .secondExpert { up.words.removeLast(2) }
            try await reader.perform(up)
            try await reader.perform(blocks[1][1])
            let expert = try reader.start(blocks[1][2])
            try await waitUntil("the expert is ready", seconds: 60) { expert.errors.contains(" ready") }
            reader.environment["C"]?["CASCADE_OUT"] = "two-hosts.json"
            report += try await reader.perform(blocks[1][3]).output
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["one-host.json", "two-hosts.json"] {
                try Data(contentsOf: client.appending(path: name)).write(to: folder.appending(path: name))
            }
            try report.write(to: folder.appending(path: "report.txt"), atomically: true, encoding: .utf8)
        }
    }
}
