internal import Foundation

/// A way to call bubblewrap. Which one works depends on who calls and on what the kernel and the container allow.
///
/// The limit on processes decides between them: the kernel (`kernel/fork.c`) does not apply it to user 0 of the
/// machine, whatever that user is called inside of a user namespace. So programs of root must run as somebody else.
enum SandboxArrangement: Sendable, Equatable, CaseIterable {
    /// Root makes the namespaces, and becomes a user of this run's own inside them. Needs no user namespace.
    case rootThenUser
    /// Root becomes `nobody` first, and `nobody` calls bubblewrap. For containers in which root may not mount.
    case nobody
    /// Whoever calls makes a user namespace.
    case userNamespace

    /// The ways to try, best first.
    static func candidates(isRoot: Bool) -> [SandboxArrangement] {
        isRoot ? [.rootThenUser, .nobody, .userNamespace] : [.userNamespace]
    }

    /// What it is called in errors.
    var name: String {
        switch self {
        case .rootThenUser: "as root"
        case .nobody: "as nobody"
        case .userNamespace: "in a user namespace"
        }
    }

    private static let nobodyID = 65_534
    /// Users that no system gives to anybody: above those of systemd's containers and below 2^31.
    private static let throwAwayIDs = 1_900_000_000..<2_000_000_000

    /// The words before the interpreter's arguments, the interpreter as the last of them.
    func command(_ tools: SandboxTools, interpreter: PythonInterpreter, limits: ProgramLimits) -> [String] {
        var command: [String] = []
        if self == .nobody {
            command += Self.become(tools, Self.nobodyID) + ["--inh-caps=-all"]
        }
        command.append(tools.bubblewrap)
        if self != .rootThenUser { command.append("--unshare-user") }
        command += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        command += ["--die-with-parent", "--new-session", "--clearenv"]
        for (name, value) in PythonEnvironment.variables(home: "/tmp") { command += ["--setenv", name, value] }
        command += Self.systemFolders
        for folder in interpreter.folders {
            command += Self.ancestors(of: folder).flatMap { ["--dir", $0] } + ["--ro-bind", folder, folder]
        }
        // No /proc: nothing needs it, and containers often forbid to mount one.
        command += ["--dir", "/dev"]
        for device in ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"] {
            command += ["--dev-bind", device, device]
        }
        command += ["--perms", "1777", "--size", String(limits.fileBytes), "--tmpfs", "/tmp"]
        command += ["--remount-ro", "/", "--chdir", "/tmp"]
        if self == .rootThenUser {
            // A user of its own for every run: the kernel counts processes by user.
            command += Self.become(tools, Int.random(in: Self.throwAwayIDs))
        }
        return command + [interpreter.executable]
    }

    /// The folders above `folder`, outermost first. Left to itself bubblewrap makes them for their owner only.
    static func ancestors(of folder: String) -> [String] {
        let names = folder.split(separator: "/").dropLast()
        return names.indices.map { "/" + names[...$0].joined(separator: "/") }
    }

    private static func become(_ tools: SandboxTools, _ id: Int) -> [String] {
        [tools.setpriv, "--reuid=\(id)", "--regid=\(id)", "--clear-groups"]
    }

    /// The system's programs and libraries, read-only, with the links at the top as the machine has them.
    private static var systemFolders: [String] {
        var arguments = ["--ro-bind", "/usr", "/usr"]
        for folder in ["/bin", "/sbin", "/lib", "/lib32", "/lib64"] {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: folder) {
                arguments += ["--symlink", target, folder]
            } else if FileManager.default.fileExists(atPath: folder) {
                arguments += ["--ro-bind", folder, folder]
            }
        }
        for path in ["/etc/alternatives", "/etc/ld.so.cache"] { arguments += ["--ro-bind-try", path, path] }
        return arguments
    }
}

/// The tools a sandbox is made with.
struct SandboxTools: Sendable, Equatable {
    /// bubblewrap 0.7 or later.
    let bubblewrap: String
    /// util-linux's `setpriv`; only root needs it.
    let setpriv: String

    /// Finds the tools on the `PATH` of `environment`.
    ///
    /// - Throws: ``ExecutionError/isolation(causes:)``.
    init(environment: [String: String], isRoot: Bool) throws(ExecutionError) {
        guard let bubblewrap = Executable.find("bwrap", environment: environment) else {
            throw .isolation(causes: ["bwrap is not installed (not on PATH)"])
        }
        let setpriv = Executable.find("setpriv", environment: environment)
        if isRoot && setpriv == nil {
            throw .isolation(causes: ["setpriv is not installed (not on PATH; on Debian: apt-get install util-linux)"])
        }
        self.bubblewrap = bubblewrap
        self.setpriv = setpriv ?? ""
    }
}
