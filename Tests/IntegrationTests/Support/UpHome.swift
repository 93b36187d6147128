import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// A user's folders of their own, for `cascade up` and the commands beside it; what still runs there ends with it.
final class UpHome: Sendable {
    /// Where records and the default socket lie, below their usual subfolders.
    let state: URL
    let environment: [String: String]
    private let extra: [String: String]

    /// Sets more variables, or others.
    init(_ extra: [String: String] = [:]) throws {
        self.extra = extra
        // Short: a socket's path has no more than 107 bytes.
        state = FileManager.default.temporaryDirectory.appending(path: "up-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
        environment = ["XDG_STATE_HOME": state.path, "XDG_CONFIG_HOME": state.appending(path: "config").path]
            .merging(extra) { $1 }
    }

    deinit {
        for pid in (try? processes()) ?? [] { kill(pid, SIGKILL) }
        try? FileManager.default.removeItem(at: state)
    }

    /// The tiny pair, with another expert where that matters.
    static func pair(expert: String = ClusterTests.expert) -> [String] {
        ["--drafter", ClusterTests.drafter, "--expert", expert, "--threads", "1"]
    }

    func start(_ arguments: [String], launcher: [String] = []) throws -> CascadeProcess {
        try CascadeProcess(arguments, environment: environment, launcher: launcher)
    }

    func run(_ arguments: [String], launcher: [String] = []) async throws -> CascadeProcess.Result {
        try await start(arguments, launcher: launcher).result()
    }

    /// The processes that were started with these folders and still run.
    func processes() throws -> [Int32] {
        let mark = Array("XDG_STATE_HOME=\(environment["XDG_STATE_HOME"] ?? "")".utf8)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { pid in
            guard let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") else { return false }
            return environment.split(separator: 0).contains { Array($0) == mark }
        }
    }

    /// The process of a role, where there is one.
    func process(_ role: String) throws -> Int32? {
        try processes().first { pid in
            let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
            return line.split(separator: 0).dropFirst().first.map { String(decoding: $0, as: UTF8.self) } == role
        }
    }

    /// Waits until nothing runs there any more.
    func waitUntilEmpty(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await waitUntil("nothing is left", sourceLocation: sourceLocation) { try processes().isEmpty }
    }

    /// The files beside the records whose names end so.
    func files(_ suffix: String) throws -> [URL] {
        let run = state.appending(path: "cascade/run")
        guard let files = FileManager.default.enumerator(at: run, includingPropertiesForKeys: nil) else { return [] }
        return files.compactMap { $0 as? URL }.filter { $0.lastPathComponent.hasSuffix(suffix) }
    }
}
