import Foundation
import Testing

/// The generator's script.
enum GenerateProtos {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let isInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: "\($0)/protoc-c")
    }

    /// Runs the script of the tree at `root` from another folder; its exit code and output.
    static func run(_ arguments: [String], root: URL = root) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = root.appending(path: "deploy/scripts/generate-protos")
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: "/")
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

/// The committed C code is what the generator makes of the schema.
@Suite(.enabled(if: GenerateProtos.isInstalled, "protoc-c is not installed (Debian: protobuf-c-compiler)"))
struct GenerateProtosTests {
    @Test("the committed output is fresh")
    func committedIsFresh() throws {
        let result = try GenerateProtos.run(["--check"])
        #expect(result.code == 0, "\(result.output)")
    }

    @Test("a changed schema fails the check until the code is generated anew")
    func checkSeesChanges() throws {
        let copy = FileManager.default.temporaryDirectory.appending(path: "generate-protos-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: copy) }
        for folder in ["Protos", "deploy/scripts", "Sources/CCascadeProto"] {
            let target = copy.appending(path: folder)
            try FileManager.default.createDirectory(
                at: target.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try FileManager.default.copyItem(at: GenerateProtos.root.appending(path: folder), to: target)
        }
        let schema = copy.appending(path: "Protos/cascade/v1/common.proto")
        let text = try String(contentsOf: schema, encoding: .utf8)
        try text.replacing("optional fixed64 low = 2;", with: "optional fixed64 lower = 2;")
            .write(to: schema, atomically: true, encoding: .utf8)

        let stale = try GenerateProtos.run(["--check"], root: copy)
        #expect(stale.code == 1)
        #expect(stale.output.contains("uint64_t lower"))
        #expect(try GenerateProtos.run([], root: copy).code == 0)
        #expect(try GenerateProtos.run(["--check"], root: copy).code == 0)
        #expect(try GenerateProtos.run(["--wrong"], root: copy).code == 2)
    }
}
