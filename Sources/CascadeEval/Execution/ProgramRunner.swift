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

/// How a program's run ended.
package enum ProgramOutcome: Sendable, Equatable {
    /// It ran to its last line without an exception.
    case passed
    /// It ended before its last line. The reason is the last line of its standard error, cut, or its exit status.
    case failed(reason: String)
    /// It used up its processor seconds or its wall-clock seconds.
    case timedOut
}

/// What a program may use.
package struct ProgramLimits: Sendable, Equatable {
    /// Processor seconds of one process.
    package var processorSeconds: Int
    /// Wall-clock seconds from the program's first line on. More than the processor seconds by default: several
    /// programs share the cores, and how many must not decide which of them pass.
    package var wallSeconds: Double
    /// Bytes of address space of one process.
    package var memoryBytes: Int
    /// Bytes of one file, and of the whole throw-away folder where programs are isolated.
    package var fileBytes: Int
    /// Processes and threads at the same time, the program itself counted; looser without isolation.
    package var processes: Int

    /// Creates limits.
    package init(
        processorSeconds: Int = 10,
        wallSeconds: Double = 30,
        memoryBytes: Int = 1 << 30,
        fileBytes: Int = 16 << 20,
        processes: Int = 64
    ) {
        precondition(
            processorSeconds > 0 && wallSeconds > 0 && memoryBytes > 0 && fileBytes > 0 && processes > 0,
            "limits must be positive"
        )
        self.processorSeconds = processorSeconds
        self.wallSeconds = wallSeconds
        self.memoryBytes = memoryBytes
        self.fileBytes = fileBytes
        self.processes = processes
    }
}

/// Why programs cannot be run. What a program itself does wrong is a ``ProgramOutcome``.
package enum ExecutionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no interpreter, or none that can be used.
    case interpreter(String)
    /// Programs cannot be isolated from this machine.
    case isolation(causes: [String])
    /// A program's process could not be started, or ended before the program's first line.
    case start(String)

    package var description: String {
        switch self {
        case .interpreter(let reason):
            "programs cannot be run: \(reason)"
        case .isolation(let causes):
            """
            programs cannot be isolated here: \(causes.joined(separator: "; ")). Install bubblewrap (on Debian: \
            apt-get install bubblewrap) and allow it to make namespaces, or pass --unsafe-execution to run them \
            without isolation
            """
        case .start(let reason):
            "a program could not be started: \(reason)"
        }
    }
}
