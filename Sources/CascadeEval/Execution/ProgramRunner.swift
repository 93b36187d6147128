internal import CascadeHost
internal import Foundation

/// Runs Python programs and says whether they pass. Any number may run at the same time.
package struct ProgramRunner: Sendable {
    /// How long the sandbox and the interpreter may take to start, in seconds: much, for machines that are busy.
    private static let startSeconds = 60.0
    /// What a status of a shell's kind says of a process that used up its processor seconds.
    private static let outOfProcessorTime = 128 + SIGXCPU

    /// Without isolation the kernel counts all of the caller's processes, so a tight limit would fail programs for what
    /// else the caller runs; this one still ends fork bombs.
    private static let unsafeProcesses = 4096

    /// How programs are kept apart from the machine.
    package let isolation: Isolation
    /// What each program may use.
    package let limits: ProgramLimits

    /// Creates a runner.
    package init(isolation: Isolation, limits: ProgramLimits = ProgramLimits()) {
        self.isolation = isolation
        self.limits = limits
    }

    /// Runs `program` to its end, or to its limits.
    ///
    /// - Throws: ``ExecutionError/start(_:)`` if the program's first line was not reached, which is the machine's fault
    ///   and not the program's; `CancellationError` (the program is killed first).
    package func run(_ program: String) async throws -> ProgramOutcome {
        switch isolation.mode {
        case .sandbox(let arrangement, let tools):
            let command = arrangement.command(tools, interpreter: isolation.interpreter, limits: limits)
            return try await run(program, limits: limits, command: command, environment: [:], folder: "/tmp")
        case .unsafe:
            let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-\(UUID().uuidString)").path
            do {
                try FileAccess.makeFolder(folder, mode: 0o700)
            } catch {
                throw ExecutionError.start("\(error)")
            }
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let variables = PythonEnvironment.variables(home: folder)
            var limits = limits
            limits.processes = Self.unsafeProcesses
            return try await run(
                program,
                limits: limits,
                command: [isolation.interpreter.executable],
                environment: Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value) }),
                folder: folder
            )
        }
    }

    private func run(
        _ program: String,
        limits: ProgramLimits,
        command: [String],
        environment: [String: String],
        folder: String
    ) async throws -> ProgramOutcome {
        let secret = UUID().uuidString
        let child = BoundedCommand(
            arguments: command + PythonBootstrap.arguments(limits, folder: folder),
            environment: environment
        )
        let exit = try await child.run(
            input: PythonBootstrap.input(secret: secret, program: program),
            startSeconds: Self.startSeconds,
            wallSeconds: limits.wallSeconds
        )
        guard exit.output.hasPrefix(PythonBootstrap.startedLine) else {
            throw ExecutionError.start(
                exit.isTimedOut ? "it did not start within \(Int(Self.startSeconds)) s" : exit.lastErrorLine
            )
        }
        if exit.isTimedOut || exit.status == Self.outOfProcessorTime { return .timedOut }
        if exit.status == 0, exit.output == PythonBootstrap.startedLine + secret { return .passed }
        return .failed(
            reason: exit.status == 0 ? "it exited before its checks were done" : exit.lastErrorLine
        )
    }
}
