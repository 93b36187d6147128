internal import CascadeHost
internal import Foundation
internal import Synchronization

/// A process that a command starts in the background, and Ctrl-C meanwhile. That may come before there is a process to
/// be ended, and end it before it can say so itself: whether it came is remembered here.
final class StartingProcess: Sendable {
    private struct State {
        var process: ChildProcess?
        var isInterrupted = false
    }

    private let state = Mutex(State())

    /// Whether it was interrupted, whatever became of the process.
    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Takes the process; one that was interrupted before is ended.
    func take(_ process: ChildProcess) {
        let isTooLate = state.withLock { state in
            state.process = process
            return state.isInterrupted
        }
        if isTooLate { process.signal(SIGTERM) }
    }

    /// Ends the process, now or as soon as there is one.
    func interrupt() {
        let process = state.withLock { state in
            state.isInterrupted = true
            return state.process
        }
        process?.signal(SIGTERM)
    }
}

/// The log of a cluster that is about to start, which still has the lines of the one before. The new one empties it as
/// soon as it has the endpoint for itself, or never gets so far.
struct StartLog {
    /// The file.
    let path: String
    /// How many bytes there were, and the first of them: lines begin with the time, so that no two logs are the same.
    private let size: Int
    private let head: [UInt8]

    private static let headLength = 4_096

    /// Looks at the log as the start finds it.
    init(_ path: String) {
        self.path = path
        let file = FileHandle(forReadingAtPath: path)
        head = Array((try? file?.read(upToCount: Self.headLength)) ?? Data())
        size = Int((try? file?.seekToEnd()) ?? 0)
    }

    /// The last lines that came since, `count` at most.
    func newLines(_ count: Int) -> [String] {
        let bytes = (try? FileAccess.read(path)) ?? []
        let isOld = bytes.count >= size && bytes.starts(with: head)
        let new = isOld ? bytes.dropFirst(size) : bytes[...]
        return String(decoding: new, as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
    }
}
