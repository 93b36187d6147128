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
