internal import Foundation

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
