import Foundation
import Synchronization

/// One run of the `cascade` binary that was built beside the tests.
final class CascadeProcess: Sendable {
    struct Result: Sendable {
        var code: Int32
        var output: String
        var errors: String
    }

    /// The binary under test.
    static let binary: URL = {
        // The test runner lies in the build folder, and so does the product.
        let runner = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return runner.deletingLastPathComponent().appending(path: "cascade")
    }()

    let pid: Int32
    private let outputFile: URL
    private let errorFile: URL
    private let exited: AsyncStream<Int32>
    private let code = Mutex<Int32?>(nil)

    init(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws {
        let folder = FileManager.default.temporaryDirectory
        let name = "cascade-test-\(UUID().uuidString)"
        outputFile = folder.appending(path: name + ".out")
        errorFile = folder.appending(path: name + ".err")
        try Data().write(to: outputFile)
        try Data().write(to: errorFile)
        let process = Process()
        process.executableURL = Self.binary
        process.arguments = arguments
        // Tests say everything on the command line: the caller's settings must not leak in.
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("CASCADE_") || $0.key == "CASCADE_MODELS_DIR" }
            .merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: outputFile)
        process.standardError = try FileHandle(forWritingTo: errorFile)
        if let input {
            let pipe = Pipe()
            process.standardInput = pipe
            try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try pipe.fileHandleForWriting.close()
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        let (exited, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.exited = exited
        process.terminationHandler = { process in
            continuation.yield(
                process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            )
            continuation.finish()
        }
        try process.run()
        pid = process.processIdentifier
    }

    /// Waits for the end.
    func result() async -> Result {
        if code.withLock({ $0 }) == nil {
            for await value in exited { code.withLock { $0 = value } }
        }
        return Result(code: code.withLock { $0 } ?? -1, output: output, errors: errors)
    }

    /// What it has printed so far.
    var output: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }

    /// What it has said on standard error so far.
    var errors: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }

    func signal(_ number: Int32) {
        kill(pid, number)
    }

    /// Runs the binary to its end.
    static func run(
        _ arguments: [String],
        input: String? = nil,
        environment: [String: String] = [:]
    ) async throws -> Result {
        try await CascadeProcess(arguments, input: input, environment: environment).result()
    }
}
