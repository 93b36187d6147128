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
