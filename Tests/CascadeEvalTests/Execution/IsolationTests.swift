import Foundation
import Testing

@testable import CascadeEval

/// What only a sandbox keeps a program from.
@Suite(.enabled(if: Isolations.canIsolate, "bubblewrap is not installed, or may not make namespaces here"))
struct IsolationTests {
    private func run(_ program: String, _ limits: ProgramLimits = ProgramLimits()) async throws -> ProgramOutcome {
        try await Isolations.runner(unsafe: false, limits).run(program)
    }

    @Test func theProofHoldsHere() async throws {
        let isolation = try await Isolations.sandbox.value
        #expect(isolation.description.hasPrefix("bubblewrap "))
    }

    /// Every way that this machine's user has either holds or says why not, with the interpreter on PATH and the
    /// system's.
    @Test(arguments: SandboxArrangement.candidates(isRoot: Isolations.isRoot), [nil, "/usr/sbin:/usr/bin:/sbin:/bin"])
    func arrangementsHoldOrSayWhyNot(arrangement: SandboxArrangement, path: String?) async throws {
        var environment = ProcessInfo.processInfo.environment
        if let path { environment["PATH"] = path }
        guard Executable.find("python3", environment: environment) != nil else { return }
        let tools = try SandboxTools(environment: environment, isRoot: Isolations.isRoot)
        let isolation = Isolation(
            mode: .sandbox(arrangement, tools),
            interpreter: try await PythonInterpreter(environment: environment)
        )
        let flaw = try await IsolationProof(isolation, environment: environment).flaw()
        print("bubblewrap \(arrangement.name), \(isolation.interpreter.executable): \(flaw ?? "holds")")
        #expect(flaw != "")
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), "the system has no python3"))
    func theSystemsInterpreterWorks() async throws {
        let isolation = try await Isolation.probe(environment: ["PATH": "/usr/bin:/bin", "HOME": NSHomeDirectory()])
        #expect(isolation.interpreter.folders.isEmpty)
        #expect(try await ProgramRunner(isolation: isolation).run("assert True") == .passed)
    }

    /// A sandbox with one wall missing is noticed, whichever it is: `bwrap` and `setpriv` here are scripts that leave
    /// out, or change, some of their arguments before they call the real ones.
    @Test(arguments: [
        ("bwrap", "--unshare-net", [], "there"),
        ("bwrap", "--unshare-pid", [], "other processes are in reach"),
        ("bwrap", "--clearenv", [], "the environment has "),
        ("bwrap", "--remount-ro", ["--dir"], "/ can be written"),
        ("bwrap", "--chdir", ["--bind", "/tmp", "/tmp", "--chdir"], " can be "),
        ("bwrap", "--ro-bind", ["--bind"], "can be written"),
    ])
    func theProofFindsAMissingWall(tool: String, word: String, instead: [String], complaint: String) async throws {
        let environment = ProcessInfo.processInfo.environment
        let real = try #require(Executable.find(tool, environment: environment))
        let script = """
            words=()
            for word in "$@"; do
                if [ "$word" = "\(word)" ]; then words+=(\(instead.joined(separator: " "))); else words+=("$word"); fi
            done
            exec \(real) "${words[@]}"
            """
        let folder = try StandIn.folder(tool, script: script)
        defer { StandIn.remove(folder) }
        let changed = StandIn.environment(folder)
        // Where programs are another user than root, read-only folders are a second wall behind that one.
        guard case .sandbox(let found, _) = try await Isolations.sandbox.value.mode else { return }
        let isSecondWall = word == "--ro-bind" || word == "--remount-ro"
        if word == "--ro-bind", !Isolations.isRoot { return }
        let arrangement = isSecondWall ? .userNamespace : found
        let isolation = Isolation(
            mode: .sandbox(arrangement, try SandboxTools(environment: changed, isRoot: Isolations.isRoot)),
            interpreter: try await PythonInterpreter(environment: environment)
        )
        let flaw = try await IsolationProof(isolation, environment: environment).flaw()
        #expect(flaw?.contains(complaint) == true, "\(flaw ?? "nothing was noticed")")
    }

    /// The proof notices a machine that is not isolated: its first check is that there is no network to route to.
    @Test func theProofFailsWithoutIsolation() async throws {
        let isolation = try await Isolations.unsafe.value
        let flaw = try await IsolationProof(isolation, environment: ProcessInfo.processInfo.environment).flaw()
        #expect(flaw?.hasPrefix("AssertionError: ") == true)
    }

    /// What bubblewrap says where the kernel or a container forbids namespaces reaches the person who asked.
    @Test func theErrorNamesTheCauseAndTheWayOut() async throws {
        let message = "bwrap: No permissions to create a new namespace"
        let folder = try StandIn.folder("bwrap", script: "echo '\(message)' >&2; exit 1")
        defer { StandIn.remove(folder) }
        let error = try await #require(throws: ExecutionError.self) {
            try await Isolation.probe(environment: StandIn.environment(folder))
        }
        #expect("\(error)".contains(message))
        #expect("\(error)".contains("apt-get install bubblewrap") && "\(error)".contains("--unsafe-execution"))
    }

    @Test func hasNoNetwork() async throws {
        let program = """
            import socket
            socket.create_connection(("192.0.2.1", 80), timeout=5)
            """
        #expect(try await run(program) == .failed(reason: "OSError: [Errno 101] Network is unreachable"))
        let names = "import socket\nsocket.getaddrinfo('example.org', 80)"
        guard case .failed(let reason) = try await run(names) else { Issue.record("a name was found"); return }
        #expect(reason.hasPrefix("socket.gaierror"))
    }

    /// A server on this machine's loopback interface is out of reach, too.
    @Test func hasALoopbackOfItsOwn() async throws {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(server, $0, length) == 0 && listen(server, 1) == 0 && getsockname(server, $0, &length) == 0
            } ? UInt16(bigEndian: pointer.pointee.sin_port) : 0
        }
        #expect(port > 0)
        let program = "import socket\nsocket.create_connection(('127.0.0.1', \(port)), timeout=5)"
        #expect(try await Isolations.runner(unsafe: true).run(program) == .passed)
        #expect(try await run(program) == .failed(reason: "ConnectionRefusedError: [Errno 111] Connection refused"))
    }

    @Test(arguments: [
        "/x", "/usr/x", "/usr/bin/python3", "/etc/x", "/var/tmp/x", "/home/x", "/root/x", "/dev/x", "/dev/shm/x",
    ])
    func cannotWriteOutsideItsFolder(path: String) async throws {
        let existed = FileManager.default.fileExists(atPath: path)
        guard case .failed(let reason) = try await run("open('\(path)', 'a')") else {
            Issue.record("\(path) was written")
            return
        }
        #expect(reason.contains("Errno"))
        #expect(FileManager.default.fileExists(atPath: path) == existed)
    }

    @Test func cannotReadTheCallersFiles() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "cascade-test-\(UUID().uuidString)")
        try Data("secret".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        for path in [file.path, #filePath, "/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/self/status"] {
            guard case .failed(let reason) = try await run("open('\(path)')") else {
                Issue.record("\(path) was read")
                continue
            }
            #expect(reason.hasPrefix("FileNotFoundError") || reason.hasPrefix("PermissionError"), "\(path): \(reason)")
        }
    }

    @Test func startsWithAnEmptyFolderEachTime() async throws {
        let program = "import os\nassert os.listdir('.') == [], os.listdir('.')\nopen('left', 'w').write('x')"
        for _ in 0..<2 { #expect(try await run(program) == .passed) }
    }

    @Test func hasNoPrivileges() async throws {
        let program = """
            import os, ctypes
            assert os.getuid() != 0 or os.geteuid() != 0, "root"
            libc = ctypes.CDLL(None, use_errno=True)
            assert libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) != 0, "mount"
            assert libc.sethostname(b"x", 1) != 0, "sethostname"
            """
        #expect(try await run(program) == .passed)
    }

    @Test func knowsNothingOfItsCaller() async throws {
        setenv("CASCADE_TEST_SECRET", "x", 1)
        let program = "import os\nassert 'CASCADE_TEST_SECRET' not in os.environ\nassert os.getpid() < 8"
        #expect(try await run(program) == .passed)
    }

    /// The whole folder is bounded, not only each file.
    @Test func folderIsBounded() async throws {
        let program = "for i in range(64): open(str(i), 'wb').write(bytes(1 << 20))"
        let outcome = try await run(program, ProgramLimits(fileBytes: 8 << 20))
        #expect(outcome == .failed(reason: "OSError: [Errno 28] No space left on device"))
    }

    /// 400 forks at the most, should the limit not hold.
    @Test func processesAreLimited() async throws {
        let program = """
            import os, time
            count = 0
            try:
                while count < 400:
                    if os.fork() == 0: time.sleep(60)
                    count += 1
            except BlockingIOError:
                pass
            assert 8 < count < 32, count
            """
        let limits = ProgramLimits(processes: 32)
        async let other = run(program, limits)
        #expect(try await run(program, limits) == .passed)
        #expect(try await other == .passed)
    }

    /// Every process forks until it may not; depth 9 bounds it to 512 should the limit not hold.
    @Test func forkBombsEndAtTheDeadline() async throws {
        let limits = ProgramLimits(wallSeconds: 1, fileBytes: 7_654_325, processes: 32)
        let program = """
            import os, time
            for _ in range(9):
                try: os.fork()
                except BlockingIOError: pass
            while True: time.sleep(1)
            """
        async let outcome = run(program, limits)
        #expect(try await processes(with: "7654325", above: 4) < 48)
        #expect(try await outcome == .timedOut)
        #expect(try await processes(with: "7654325", above: 0) == 0)
    }
}

/// Scripts that stand in for tools.
private enum StandIn {
    /// A folder with the script `tool`.
    static func folder(_ tool: String, script: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-test-\(UUID().uuidString)").path
        let file = "\(folder)/\(tool)"
        let forEverybody: [FileAttributeKey: Any] = [.posixPermissions: 0o755]
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false,
            attributes: forEverybody
        )
        try Data("#!/bin/bash\n\(script)\n".utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes(forEverybody, ofItemAtPath: file)
        return folder
    }

    static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }

    /// The environment in which the script is found first.
    static func environment(_ folder: String) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(folder):\(environment["PATH"] ?? "/usr/bin:/bin")"
        return environment
    }
}
