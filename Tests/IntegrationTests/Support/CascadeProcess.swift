import CascadeHost
import Foundation
import Testing

@testable import cascade

/// One run of the `cascade` binary that was built beside the tests.
final class CascadeProcess: Sendable {
    struct Result: Sendable {
        var code: Int32
        var output: String
        var errors: String
    }

    /// The binary under test: the test runner lies in the build folder, and so does the product.
    static let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "cascade").path

    private let process: ChildProcess
    private let outputFile: URL
    private let errorFile: URL

    /// Starts the binary; `launcher` is a program with arguments that runs the command line behind them in its place,
    /// `program` another one than the binary.
    init(
        _ arguments: [String],
        input: String? = nil,
        environment: [String: String] = [:],
        launcher: [String] = [],
        program: String = binary
    ) throws {
        let base = FileManager.default.temporaryDirectory.appending(path: "cascade-test-\(UUID().uuidString)").path
        outputFile = URL(filePath: base + ".out")
        errorFile = URL(filePath: base + ".err")
        for file in [outputFile, errorFile] { try Data().write(to: file) }
        var inputHandle: FileHandle?
        if let input {
            try Data(input.utf8).write(to: URL(filePath: base + ".in"))
            inputHandle = try FileHandle(forReadingFrom: URL(filePath: base + ".in"))
            try FileManager.default.removeItem(atPath: base + ".in")
        }
        let output = try FileHandle(forWritingTo: outputFile)
        let errors = try FileHandle(forWritingTo: errorFile)
        // Tests say everything on the command line: the caller's settings must not leak in.
        let inherited = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("CASCADE_") || $0.key == "CASCADE_MODELS_DIR" }
        process = try ChildProcess(
            executable: launcher.first ?? program,
            arguments: launcher.dropFirst() + (launcher.isEmpty ? [] : [program]) + arguments,
            environment: inherited.merging(environment) { $1 },
            input: inputHandle?.fileDescriptor,
            output: output.fileDescriptor,
            errors: errors.fileDescriptor
        )
        for handle in [output, errors, inputHandle] { try handle?.close() }
    }

    deinit {
        process.signal(SIGKILL)
        for file in [outputFile, errorFile] { try? FileManager.default.removeItem(at: file) }
    }

    var pid: Int32 { process.pid }

    /// Whether it has ended.
    var isDone: Bool { process.isDone }

    /// Waits for the end.
    func result() async -> Result {
        Result(code: await process.exitCode(), output: output, errors: errors)
    }

    /// What it has printed so far; bytes that are no UTF-8 show as the replacement character.
    var output: String { Self.text(outputFile) }

    /// What it has said on standard error so far.
    var errors: String { Self.text(errorFile) }

    private static func text(_ file: URL) -> String {
        String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self)
    }

    func signal(_ number: Int32) {
        process.signal(number)
    }

    /// Runs the binary to its end.
    static func run(
        _ arguments: [String],
        input: String? = nil,
        environment: [String: String] = [:],
        launcher: [String] = []
    ) async throws -> Result {
        try await CascadeProcess(arguments, input: input, environment: environment, launcher: launcher).result()
    }
}
