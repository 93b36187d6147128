internal import CascadeHost
internal import Foundation
internal import Synchronization

/// One run of a command-line tool that ends with this process or with the task that runs it.
///
/// Standard output is handed over block by block as it comes. Standard input is a pipe that stays open and silent until
/// the tool ends, so that a tool can notice by its end-of-file that this process is gone, however it went.
struct Tool: Sendable {
    /// How a run ended.
    struct Exit: Sendable {
        /// The exit status, or 128 + the signal that ended the tool.
        let status: Int32
        /// The end of what the tool wrote to standard error, without surrounding space.
        let errors: String
    }

    /// How much of a tool's standard error is kept.
    static let errorBytesMax = 4096

    let executable: URL
    let arguments: [String]
    let environment: [String: String]

    /// Finds `name` on the `PATH` of `environment`.
    ///
    /// - Throws: `missingTool`, naming the package that has the tool.
    init(_ name: String, package: String, arguments: [String], environment: [String: String]) throws(ModelFetchError) {
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else {
            throw ModelFetchError(
                code: .missingTool,
                message: "\(name) is not installed (not on PATH); on Debian: apt-get install \(package)"
            )
        }
        self.executable = URL(fileURLWithPath: found)
        self.arguments = arguments
        self.environment = environment
    }

    /// Runs the tool to its end and hands every block of its standard output to `output`, in order, on one thread.
    ///
    /// - Throws: what `output` throws (the tool is ended first), `CancellationError` if the task was cancelled (the
    ///   tool is ended first), `fileSystem` if the tool cannot be started.
    func run(output: @escaping @Sendable (UnsafeRawBufferPointer) throws -> Void) async throws -> Exit {
        try Task.checkCancellation()
        guard let errors = tmpfile() else {
            throw ModelFetchError(
                code: .fileSystem,
                message: "cannot make a temporary file: \(SystemError.text(errno))"
            )
        }
        defer { fclose(errors) }
        let (input, results) = (Pipe(), Pipe())
        let child: ChildProcess
        do throws(HostError) {
            child = try ChildProcess(
                executable: executable.path,
                arguments: arguments,
                environment: environment,
                input: input.fileHandleForReading.fileDescriptor,
                output: results.fileHandleForWriting.fileDescriptor,
                errors: fileno(errors)
            )
        } catch {
            throw ModelFetchError(code: .fileSystem, message: "\(error)")
        }
        try? input.fileHandleForReading.close()
        try? results.fileHandleForWriting.close()
        let source = results.fileHandleForReading.fileDescriptor
        // Nothing a tool leaves behind is of use, so it gets no time to tidy up.
        let read: Result<Void, any Error> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Reading blocks, and the cooperative pool must not.
                Thread.detachNewThread {
                    let read = Result { try readBlocks(source, output: output) }
                    if case .failure = read { child.signal(SIGKILL) }
                    continuation.resume(returning: read)
                }
            }
        } onCancel: {
            child.signal(SIGKILL)
        }
        let code = await child.exitCode()
        try? input.fileHandleForWriting.close()
        try? results.fileHandleForReading.close()
        try read.get()
        try Task.checkCancellation()
        return Exit(status: code < 0 ? 128 - code : code, errors: tail(of: fileno(errors)))
    }

    /// Runs the tool and returns what it wrote to standard output as text, up to one mebibyte.
    func text() async throws -> (exit: Exit, output: String) {
        let collected = Mutex<[UInt8]>([])
        let exit = try await run { block in
            collected.withLock { $0.append(contentsOf: block.prefix((1 << 20) - $0.count)) }
        }
        return (exit, collected.withLock { String(decoding: $0, as: UTF8.self) })
    }

    private func readBlocks(_ descriptor: Int32, output: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 {
                try output(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if count == 0 {
                return
            } else if errno != EINTR {
                throw ModelFetchError(
                    code: .fileSystem,
                    message: "reading from a tool failed: \(SystemError.text(errno))"
                )
            }
        }
    }

    private func tail(of descriptor: Int32) -> String {
        let start = max(0, Int(lseek(descriptor, 0, SEEK_END)) - Self.errorBytesMax)
        var bytes = [UInt8](repeating: 0, count: Self.errorBytesMax)
        let count = pread(descriptor, &bytes, bytes.count, off_t(start))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
