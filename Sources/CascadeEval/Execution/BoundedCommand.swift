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

/// A pipe from a child of which a bounded part is kept, however much the child writes.
final class BoundedReader {
    /// Which part is kept.
    enum Part {
        case beginning
        case end
    }

    private static let keptBytesMax = 8192
    private static let blockBytes = 1 << 16

    private let part: Part
    private var readEnd: Int32
    private var writeEnd: Int32
    private var kept: [UInt8] = []

    /// Makes the pipe.
    ///
    /// - Throws: ``ExecutionError/start(_:)`` if there are no descriptors left.
    init(keeping part: Part) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw ExecutionError.start("pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.part = part
        (readEnd, writeEnd) = (ends[0], ends[1])
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    }

    deinit {
        for end in [readEnd, writeEnd] where end >= 0 { close(end) }
    }

    /// The end the child writes to.
    var childEnd: Int32 { writeEnd }

    /// Closes the child's end here, once the child has it.
    func closeWriteEnd() {
        close(writeEnd)
        writeEnd = -1
    }

    /// The end to read from; -1 once it is closed.
    var descriptor: Int32 { readEnd }
    /// Whether something may still come.
    var isOpen: Bool { readEnd >= 0 }
    /// Whether anything came.
    var hasContent: Bool { !kept.isEmpty }
    /// What was kept.
    var text: String { String(decoding: kept, as: UTF8.self) }

    /// Takes one block of what is there, without waiting, and closes the pipe at its end.
    func read() {
        guard isOpen else { return }
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        let count = Foundation.read(readEnd, &block, block.count)
        if count > 0 {
            keep(block[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            close(readEnd)
            readEnd = -1
        }
    }

    private func keep(_ block: ArraySlice<UInt8>) {
        switch part {
        case .beginning:
            kept.append(contentsOf: block.prefix(Self.keptBytesMax - kept.count))
        case .end:
            kept.append(contentsOf: block.suffix(Self.keptBytesMax))
            kept.removeFirst(max(0, kept.count - Self.keptBytesMax))
        }
    }

    /// Waits until one of two descriptors has something to read, or for `milliseconds`.
    static func wait(_ first: Int32, _ second: Int32, milliseconds: Int32) {
        // poll(2) ignores negative descriptors.
        var questions = [first, second].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&questions, nfds_t(questions.count), milliseconds)
    }
}
