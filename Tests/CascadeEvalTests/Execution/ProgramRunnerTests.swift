import Foundation
import Testing

@testable import CascadeEval

/// The isolations of this machine, found once.
enum Isolations {
    static let sandbox = Task { try await Isolation.probe() }
    static let unsafe = Task { try await Isolation.unsafe() }

    /// Whether there is a bubblewrap to test, and a kernel or container that lets it make namespaces at all.
    static let canIsolate: Bool = {
        guard let tool = Executable.find("bwrap", environment: ProcessInfo.processInfo.environment) else {
            return false
        }
        let process = Process()
        process.executableURL = URL(filePath: tool)
        process.arguments = (isRoot ? [] : ["--unshare-user"]) + ["--unshare-net", "--ro-bind", "/", "/", "true"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
    /// Whether the tests run as root, to whom the limit on processes does not apply without isolation.
    static let isRoot = geteuid() == 0

    static func runner(unsafe isUnsafe: Bool, _ limits: ProgramLimits = ProgramLimits()) async throws -> ProgramRunner {
        ProgramRunner(isolation: try await (isUnsafe ? unsafe : sandbox).value, limits: limits)
    }

    static let kinds = canIsolate ? [false, true] : [true]
}

/// What holds in a sandbox and without one.
struct ProgramRunnerTests {
    @Test(
        arguments: Isolations.kinds,
        ["x = 1\n", "", "print('hello')\nassert 1 + 1 == 2", "word = 'ü€😀'\nassert len(word) == 3"]
    )
    func passes(isUnsafe: Bool, program: String) async throws {
        #expect(try await Isolations.runner(unsafe: isUnsafe).run(program) == .passed)
    }

    @Test(
        arguments: Isolations.kinds,
        [
            ("assert 1 == 2", "AssertionError"),
            ("assert 1 == 2, 'one is not two'", "AssertionError: one is not two"),
            ("def f(:\n  pass", "SyntaxError: invalid syntax"),
            ("nothing()", "NameError: name 'nothing' is not defined"),
            ("import sys\nsys.exit(0)", "it exited before its checks were done"),
            ("exit()", "it exited before its checks were done"),
            ("import os\nos._exit(0)", "it exited before its checks were done"),
            ("import os\nprint('started')\nos._exit(0)", "it exited before its checks were done"),
            ("import sys\nsys.exit(3)", "it ended with status 3 and said nothing"),
            ("import sys\nsys.exit('done')", "done"),
            ("import os\nif os.fork(): os._exit(0)", "it exited before its checks were done"),
            ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "it ended with status 139 and said nothing"),
            ("raise ValueError('x' * 500)", "ValueError: " + String(repeating: "x", count: 187) + "…"),
            ("input()", "EOFError: EOF when reading a line"),
        ]
    )
    func fails(isUnsafe: Bool, _ example: (program: String, reason: String)) async throws {
        let outcome = try await Isolations.runner(unsafe: isUnsafe).run(example.program)
        #expect(outcome == .failed(reason: example.reason))
    }

    @Test(arguments: Isolations.kinds)
    func endlessLoopsEndAtTheProcessorLimit(isUnsafe: Bool) async throws {
        let limits = ProgramLimits(processorSeconds: 1, wallSeconds: 60)
        let clock = ContinuousClock()
        let start = clock.now
        #expect(try await Isolations.runner(unsafe: isUnsafe, limits).run("while True: pass") == .timedOut)
        #expect(clock.now - start < .seconds(30))
    }

    @Test(
        arguments: Isolations.kinds,
        [
            "import time\ntime.sleep(60)",
            "import os, time\nos.closerange(0, 99)\ntime.sleep(60)",
            """
            import signal, time
            for s in (signal.SIGTERM, signal.SIGINT): signal.signal(s, signal.SIG_IGN)
            time.sleep(60)
            """,
            "while True: print('x' * 1000)",
        ]
    )
    func everythingEndsAtTheWallClockLimit(isUnsafe: Bool, program: String) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let limits = ProgramLimits(wallSeconds: 1)
        #expect(try await Isolations.runner(unsafe: isUnsafe, limits).run(program) == .timedOut)
        #expect(clock.now - start < .seconds(20))
    }

    @Test(arguments: Isolations.kinds, ["bytearray(2 << 30)", "a = [0]\nwhile True: a += a"])
    func memoryIsLimited(isUnsafe: Bool, program: String) async throws {
        #expect(try await Isolations.runner(unsafe: isUnsafe).run(program) == .failed(reason: "MemoryError"))
    }

    @Test(arguments: Isolations.kinds)
    func filesAreLimited(isUnsafe: Bool) async throws {
        let runner = try await Isolations.runner(unsafe: isUnsafe, ProgramLimits(fileBytes: 4 << 20))
        #expect(try await runner.run("open('a', 'wb').write(bytes(1 << 20))") == .passed)
        let outcome = try await runner.run("open('b', 'wb').write(bytes(8 << 20))")
        // The file's own limit, or, in a sandbox, the folder's.
        let reasons = ["OSError: [Errno 27] File too large", "OSError: [Errno 28] No space left on device"]
        #expect(reasons.map { .failed(reason: $0) }.contains(outcome), "\(outcome)")
    }

    /// 200 MB on standard error; the reason is the end of it, and only that is kept.
    @Test(arguments: Isolations.kinds)
    func floodsOfOutputAreReadAndForgotten(isUnsafe: Bool) async throws {
        let flood = "import sys\nfor _ in range(200): sys.stderr.write('y' * 1_000_000 + '\\n')\n"
        let runner = try await Isolations.runner(unsafe: isUnsafe)
        #expect(try await runner.run(flood) == .passed)
        #expect(try await runner.run(flood + "assert False, 'end'") == .failed(reason: "AssertionError: end"))
        let one = "import sys\nsys.stderr.write('z' * 100_000_000)\nsys.exit(1)"
        #expect(try await runner.run(one) == .failed(reason: String(repeating: "z", count: 199) + "…"))
    }

    @Test(arguments: Isolations.kinds)
    func backgroundProcessesEndWithTheProgram(isUnsafe: Bool) async throws {
        // The limit on files is in the command line of every process of this run.
        let limits = ProgramLimits(fileBytes: isUnsafe ? 7_654_321 : 7_654_322)
        let program = "import os, time\nfor _ in range(3):\n    if os.fork() == 0: time.sleep(60)\n"
        #expect(try await Isolations.runner(unsafe: isUnsafe, limits).run(program) == .passed)
        #expect(try await processes(with: String(limits.fileBytes), above: 0) == 0)
    }

    @Test(arguments: Isolations.kinds)
    func eightAtOnce(isUnsafe: Bool) async throws {
        let runner = try await Isolations.runner(unsafe: isUnsafe)
        let results = try await withThrowingTaskGroup(of: (Int, ProgramOutcome).self) { group in
            for index in 0..<24 {
                group.addTask {
                    let check = index % 3 == 0 ? "assert False, '\(index)'" : "assert True"
                    return (index, try await runner.run("sum(range(200_000))\n\(check)"))
                }
            }
            return try await group.reduce(into: [Int: ProgramOutcome]()) { $0[$1.0] = $1.1 }
        }
        for index in 0..<24 {
            #expect(results[index] == (index % 3 == 0 ? .failed(reason: "AssertionError: \(index)") : .passed))
        }
    }

    @Test(arguments: Isolations.kinds)
    func cancellationEndsTheProgram(isUnsafe: Bool) async throws {
        let limits = ProgramLimits(fileBytes: isUnsafe ? 7_654_323 : 7_654_324)
        let runner = try await Isolations.runner(unsafe: isUnsafe, limits)
        let task = Task { try await runner.run("import time\ntime.sleep(60)") }
        #expect(try await processes(with: String(limits.fileBytes), above: 1) > 0)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await processes(with: String(limits.fileBytes), above: 0) == 0)
    }

    @Test func unsafeRunsLeaveNoFolder() async throws {
        let before = temporaryFolders()
        _ = try await Isolations.runner(unsafe: true).run("open('left', 'w').write('x')")
        #expect(
            temporaryFolders().subtracting(before).allSatisfy { !FileManager.default.fileExists(atPath: $0 + "/left") }
        )
    }

    @Test func aMachineThatCannotStartProgramsIsNoProgramsFault() async throws {
        let python = try await Isolations.unsafe.value.interpreter
        var tools = [String: String]()
        tools["PATH"] = "/nowhere"
        #expect(throws: ExecutionError.isolation(causes: ["bwrap is not installed (not on PATH)"])) {
            try SandboxTools(environment: tools, isRoot: false)
        }
        await #expect(throws: ExecutionError.self) { try await Isolation.unsafe(environment: tools) }
        let broken = BoundedCommand(arguments: ["/nowhere/python3"], environment: [:])
        await #expect(throws: ExecutionError.self) { try await broken.run(input: [], startSeconds: 1, wallSeconds: 1) }
        #expect(python.executable.hasPrefix("/"))
    }

    /// What was open before is nothing to a program that a model wrote.
    @Test func programsGetNoOtherDescriptor() async throws {
        let descriptor = open("/etc/passwd", O_RDONLY)
        defer { close(descriptor) }
        let list = BoundedCommand(arguments: ["/bin/ls", "-l", "/proc/self/fd"], environment: [:])
        let exit = try await list.run(input: [], startSeconds: 10, wallSeconds: 10)
        #expect(exit.status == 0 && exit.output.contains(" -> ") && !exit.output.contains("/etc/passwd"), "\(exit)")
    }

    private func temporaryFolders() -> Set<String> {
        let folder = FileManager.default.temporaryDirectory.path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return Set(names.filter { $0.hasPrefix("cascade-") }.map { "\(folder)/\($0)" })
    }
}

/// How many processes of the machine have `word` in their command line, asked until there are at least `minimum`, or
/// none where that is 0, for up to ten seconds.
func processes(with word: String, above minimum: Int) async throws -> Int {
    var count = 0
    for _ in 0..<200 {
        let names = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
        count = names.count { name in
            let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return String(decoding: line, as: UTF8.self).contains(word)
        }
        if minimum == 0 ? count == 0 : count >= minimum { return count }
        try await Task.sleep(for: .milliseconds(50))
    }
    return count
}
