internal import CascadeHost
internal import Foundation

/// One run of a command in a process group of its own, with a deadline and bounded output.
///
/// Not Foundation's `Process`: bubblewrap's `--die-with-parent` means the thread that started it, so that thread must
/// be the one that waits, and the child's whole process group is to be killed before its number is free again.
struct BoundedCommand: Sendable {
    /// How a run ended.
    struct Exit: Sendable {
        /// The exit status, or 128 + the signal that ended it.
        var status: Int32 = 0
        /// The beginning of its standard output.
        var output = ""
        /// The end of its standard error.
        var errors = ""
        /// Whether it was killed at its deadline.
        var isTimedOut = false

        /// The last line of its standard error that is not blank, or its status, cut to a line's length.
        var lastErrorLine: String {
            let lines = errors.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            let line = lines.last { !$0.isEmpty } ?? "it ended with status \(status) and said nothing"
            return line.count <= Self.lineLengthMax ? line : line.prefix(Self.lineLengthMax - 1) + "…"
        }

        private static let lineLengthMax = 200
    }

    /// The command's path, then its arguments.
    let arguments: [String]
    let environment: [String: String]

    /// Runs the command to its end.
    ///
    /// - Parameters:
    ///   - input: its standard input.
    ///   - startSeconds: how long it may take to write something to standard output.
    ///   - wallSeconds: how long it may run from then on.
    /// - Throws: ``ExecutionError/start(_:)``; `CancellationError` if the task was cancelled (the command is killed
    ///   first).
    func run(input: [UInt8], startSeconds: Double, wallSeconds: Double) async throws -> Exit {
        let flag = RaisedFlag()
        let exit = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // Waiting blocks, and the cooperative pool must not.
                Thread.detachNewThread {
                    continuation.resume(
                        with: Result {
                            try SpawnedProcess(self, input: input)
                                .wait(startSeconds: startSeconds, wallSeconds: wallSeconds, flag: flag)
                        }
                    )
                }
            }
        } onCancel: {
            flag.raise()
        }
        try Task.checkCancellation()
        return exit
    }
}
