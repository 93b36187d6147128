internal import Foundation

/// The check that an isolation holds, made from inside of it.
struct IsolationProof: Sendable {
    /// What the program inside has to know of the machine outside.
    private struct Facts: Encodable {
        /// Files that exist outside and must not be readable.
        let secrets: [String]
        /// Folders outside in which nothing must be writable.
        let outside: [String]
        /// A file's name that is in none of them.
        let unusedName: String
        let names: [String]
        let processes: Int
        let memory: Int
    }

    private static let filesMax = 8

    private let isolation: Isolation
    private let environment: [String: String]

    init(_ isolation: Isolation, environment: [String: String]) {
        self.isolation = isolation
        self.environment = environment
    }

    /// What does not hold; nil if everything does.
    func flaw() async throws -> String? {
        let limits = ProgramLimits(processorSeconds: 20, wallSeconds: 20, processes: 16)
        let runner = ProgramRunner(isolation: isolation, limits: limits)
        let canary = FileManager.default.temporaryDirectory.appending(path: "cascade-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: canary.path, contents: Data("secret".utf8)) else {
            return "cannot write to \(canary.path)"
        }
        defer { try? FileManager.default.removeItem(at: canary) }
        do {
            let facts = Facts(
                secrets: [canary.path] + homeFiles(),
                outside: ["/", "/usr", "/var/tmp", "/dev", FileManager.default.currentDirectoryPath],
                unusedName: canary.lastPathComponent,
                names: PythonEnvironment.allowedNames,
                processes: limits.processes,
                memory: limits.memoryBytes
            )
            let outcome = try await runner.run(Self.program(facts))
            guard outcome == .passed else { return Self.text(outcome) }
            let early = try await runner.run("import os\nos._exit(0)\n")
            guard early != .passed else { return "a program that exits early passes" }
            return nil
        } catch ExecutionError.start(let reason) {
            return reason
        }
    }

    private static func text(_ outcome: ProgramOutcome) -> String {
        switch outcome {
        case .passed: "it holds"
        case .failed(let reason): reason
        case .timedOut: "the check took too long"
        }
    }

    /// Some files of the user's home folder, but none that the interpreter is made of.
    private func homeFiles() -> [String] {
        guard let home = environment["HOME"], !home.isEmpty else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home)) ?? []
        let files = names.sorted().map { "\(home)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
                && FileManager.default.isReadableFile(atPath: path)
                && !isolation.interpreter.folders.contains { PythonInterpreter.contains($0, path) }
        }
        return Array(files.prefix(Self.filesMax))
    }

    private static func program(_ facts: Facts) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // JSON without escaped slashes inside of a JSON string is a Python literal.
        let json = String(decoding: try encoder.encode(facts), as: UTF8.self)
        let literal = String(decoding: try encoder.encode(json), as: UTF8.self)
        return "import json\nfacts = json.loads(\(literal))\n\(source)"
    }

    // The network is asked by a datagram socket first, whose connect(2) only looks for a route: should the isolation
    // not hold, nothing is sent. The address is of RFC 5737's range for documentation.
    private static let source = """
        import errno, os, signal, socket

        def network():
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as connection:
                    connection.settimeout(5)
                    code = connection.connect_ex(("192.0.2.1", 9))
                assert code == errno.ENETUNREACH, "there is a network: " + os.strerror(code)
            names = [name for _, name in socket.if_nameindex()]
            assert names in ([], ["lo"]), "there are network interfaces: " + " ".join(names)

        def refused(action, complaint):
            try:
                action()
            except OSError:
                return
            raise AssertionError(complaint)

        def files():
            for folder in facts["outside"]:
                path = os.path.join(folder, facts["unusedName"])
                refused(lambda: (open(path, "x").close(), os.remove(path)), folder + " can be written")
            for path in facts["secrets"]:
                refused(lambda: open(path, "rb").close(), path + " can be read")
            with open("own", "w") as file:
                file.write("x")
            os.remove("own")
            assert os.listdir(".") == [], "the throw-away folder is not empty"
            assert os.getcwd() == "/tmp", "the working folder is " + os.getcwd()

        def surroundings():
            names = [name for name in os.environ if name not in facts["names"]]
            assert not names, "the environment has " + " ".join(names)
            assert os.getpid() < 8, "other processes are in reach"

        def limits():
            try:
                bytearray(facts["memory"])
            except MemoryError:
                pass
            else:
                raise AssertionError("the limit on memory does not hold")
            children = []
            try:
                while len(children) <= facts["processes"]:
                    child = os.fork()
                    if child == 0:
                        signal.pause()
                    children.append(child)
            except OSError:
                pass
            for child in children:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            assert len(children) < facts["processes"], "the limit on processes does not hold"

        network()
        files()
        surroundings()
        limits()
        """
}
