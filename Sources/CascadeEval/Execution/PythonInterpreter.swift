internal import Foundation

/// The Python 3 that runs programs.
struct PythonInterpreter: Sendable, Equatable {
    /// The interpreter itself, not a launcher such as pyenv's shim.
    let executable: String
    /// The folders outside the system's that hold the interpreter and its library.
    let folders: [String]

    /// Finds `python3` on the `PATH` of `environment` and asks it where it lives.
    ///
    /// - Throws: ``ExecutionError/interpreter(_:)``.
    init(environment: [String: String]) async throws {
        guard let launcher = Executable.find("python3", environment: environment) else {
            throw ExecutionError.interpreter("python3 is not installed (not on PATH)")
        }
        let question = #"import sys; sys.stdout.write("\n".join([sys.executable, sys.prefix, sys.base_prefix]))"#
        let exit = try await BoundedCommand(arguments: [launcher, "-c", question], environment: environment)
            .run(input: [], startSeconds: 30, wallSeconds: 30)
        let lines = exit.output.split(separator: "\n").map(String.init)
        guard exit.status == 0, lines.count == 3, lines.allSatisfy({ $0.hasPrefix("/") }) else {
            throw ExecutionError.interpreter("\(launcher) does not work: \(exit.lastErrorLine)")
        }
        executable = lines[0]
        var folders: [String] = []
        for folder in lines[1...] where !folder.hasPrefix("/usr/") && folder != "/usr" && !folders.contains(folder) {
            let home = environment["HOME"] ?? "/root"
            // A sandbox that shows this folder would show the home folder too.
            guard !Self.contains(folder, home) else {
                throw ExecutionError.interpreter("\(executable) is installed at \(folder), which holds the home folder")
            }
            folders.append(folder)
        }
        self.folders = folders
    }

    /// Whether `path` is `folder` or lies below it.
    static func contains(_ folder: String, _ path: String) -> Bool {
        let (outer, inner) = (URL(filePath: folder).pathComponents, URL(filePath: path).pathComponents)
        return inner.starts(with: outer)
    }
}

/// The environment of programs: nothing of the caller's.
enum PythonEnvironment {
    /// The variables, in a fixed order.
    static func variables(home: String) -> [(name: String, value: String)] {
        [
            ("PATH", "/usr/bin:/bin"), ("HOME", home), ("TMPDIR", home), ("LANG", "C.UTF-8"),
            // Sets of strings come in the same order every time, so a program passes or fails every time.
            ("PYTHONHASHSEED", "0"),
            // A thread for every core would exceed the limits on memory and processes on large machines.
            ("OPENBLAS_NUM_THREADS", "1"), ("OMP_NUM_THREADS", "1"),
        ]
    }

    /// Names that may be there inside: ours, and what bubblewrap and Python add.
    static let allowedNames = variables(home: "").map(\.name) + ["PWD", "LC_CTYPE"]
}

/// Command-line tools by name.
enum Executable {
    /// The path of `name` in the folders of `environment`'s `PATH`; nil if it is in none.
    static func find(_ name: String, environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// The Python program that runs a program within limits and says whether it got to its end.
///
/// It reads a secret line and then the program from standard input, and writes `started`, and the secret line once the
/// program is through, to the standard output that it was given; the program's own output goes nowhere. So a program
/// that exits early, with whatever status, did not pass. This guards against careless programs: one that means to cheat
/// can find the secret in its own process.
enum PythonBootstrap {
    /// The line that says that the program begins.
    static let startedLine = "started\n"

    /// The interpreter's arguments: no user's packages, no byte code files, then the bootstrap, the limits and the
    /// working folder.
    static func arguments(_ limits: ProgramLimits, folder: String) -> [String] {
        let numbers = [limits.processorSeconds, limits.memoryBytes, limits.fileBytes, limits.processes]
        return ["-s", "-B", "-c", source] + numbers.map(String.init) + [folder]
    }

    /// What to send to standard input.
    static func input(secret: String, program: String) -> [UInt8] {
        Array("\(secret)\n\(program)".utf8)
    }

    // The module's name is not `__main__`, so that blocks for running as a script do not run: as in HumanEval's own
    // harness.
    private static let source = """
        import os, resource, sys, types

        def limit(kind, soft, hard):
            most = resource.getrlimit(kind)[1]
            if most != resource.RLIM_INFINITY:
                soft, hard = min(soft, most), min(hard, most)
            resource.setrlimit(kind, (soft, hard))

        def run():
            processor, memory, file, processes = map(int, sys.argv[1:5])
            os.chdir(sys.argv[5])
            # What the caller had open and not marked as its own.
            os.closerange(3, 1 << 20)
            secret, _, source = sys.stdin.buffer.read().decode().partition("\\n")
            verdict = os.dup(1)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            limit(resource.RLIMIT_CORE, 0, 0)
            limit(resource.RLIMIT_CPU, processor, processor + 1)
            limit(resource.RLIMIT_FSIZE, file, file)
            limit(resource.RLIMIT_NOFILE, 256, 256)
            limit(resource.RLIMIT_NPROC, processes, processes)
            limit(resource.RLIMIT_AS, memory, memory)
            module = types.ModuleType("program")
            sys.modules["program"] = module
            sys.argv = ["program.py"]
            write, leave, identity, this = os.write, os._exit, os.getpid, os.getpid()
            write(verdict, b"started\\n")
            exec(compile(source, "program.py", "exec"), module.__dict__)
            if identity() == this:
                write(verdict, secret.encode())
            leave(0)

        run()
        """
}
