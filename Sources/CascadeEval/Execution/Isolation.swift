internal import Foundation

/// How programs are kept apart from the machine they run on.
package struct Isolation: Sendable, Equatable, CustomStringConvertible {
    /// What programs can reach.
    enum Mode: Sendable, Equatable {
        /// No network, the system's folders read-only, an empty throw-away folder, no other processes.
        case sandbox(SandboxArrangement, SandboxTools)
        /// Everything the user can; only the resource limits hold.
        case unsafe
    }

    let mode: Mode
    let interpreter: PythonInterpreter

    /// What holds, for a report.
    package var description: String {
        switch mode {
        case .sandbox(let arrangement, _): "bubblewrap \(arrangement.name), \(interpreter.executable)"
        case .unsafe: "none (resource limits only), \(interpreter.executable)"
        }
    }

    /// Finds an isolation by bubblewrap and proves that it holds: inside, a connection fails for want of a network,
    /// nothing but the throw-away folder can be written, files of the caller cannot be read, no other process is seen,
    /// the limits hold; and a program that does nothing passes while one that exits early does not.
    ///
    /// bubblewrap leaves one dead process a run to the machine's first process to collect: in a container whose first
    /// process is this one, start the container with an init (`docker run --init`).
    ///
    /// - Parameter environment: whose `PATH` has the tools and whose `HOME` is to be out of reach.
    /// - Throws: ``ExecutionError/isolation(causes:)`` with every way that was tried and why it does not hold;
    ///   ``ExecutionError/interpreter(_:)``; `CancellationError`.
    package static func probe(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> Isolation {
        let isRoot = geteuid() == 0
        let tools = try SandboxTools(environment: environment, isRoot: isRoot)
        let interpreter = try await PythonInterpreter(environment: environment)
        var causes: [String] = []
        for arrangement in SandboxArrangement.candidates(isRoot: isRoot) {
            let isolation = Isolation(mode: .sandbox(arrangement, tools), interpreter: interpreter)
            guard let cause = try await IsolationProof(isolation, environment: environment).flaw() else {
                return isolation
            }
            causes.append("bwrap \(arrangement.name): \(cause)")
        }
        throw ExecutionError.isolation(causes: causes)
    }

    /// No isolation: programs run as the caller, within resource limits, in a throw-away folder. For programs that are
    /// trusted, or in a container made to be thrown away. As root the limit on processes does not hold.
    ///
    /// - Throws: ``ExecutionError/interpreter(_:)``.
    package static func unsafe(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> Isolation {
        Isolation(mode: .unsafe, interpreter: try await PythonInterpreter(environment: environment))
    }
}
