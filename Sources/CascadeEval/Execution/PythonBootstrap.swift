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
