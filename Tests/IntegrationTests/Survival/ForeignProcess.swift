@testable import cascade

/// A program that is none of ours.
enum ForeignProcess {
    /// Runs it to its end: an exit code, or a signal's number negated.
    static func run(_ line: [String]) async throws -> Int32 {
        try await ChildProcess(executable: line[0], arguments: Array(line.dropFirst())).exitCode()
    }
}
