internal import Foundation
internal import Synchronization

/// A role as a process of its own, started by `cascade up`.
final class ChildProcess: Sendable {
    private struct State {
        var pid: Int32 = 0
        var isDone = false
    }

    private let state = Mutex(State())
    private let exits: AsyncStream<Int32>
    private let exited: AsyncStream<Int32>.Continuation

    init() {
        (exits, exited) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Starts this very program with `arguments`; its output goes where ours goes.
    func start(_ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.terminationHandler = { [self] process in
            state.withLock { $0.isDone = true }
            exited.yield(process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
            exited.finish()
        }
        try process.run()
        let pid = process.processIdentifier
        state.withLock { $0.pid = pid }
        return pid
    }

    /// Waits for the end: an exit code, or a signal's number negated.
    func exitCode() async -> Int32 {
        for await code in exits { return code }
        return -SIGKILL
    }

    /// Sends a signal, unless the process has ended.
    func signal(_ number: Int32) {
        state.withLock { state in
            if state.pid > 0, !state.isDone { kill(state.pid, number) }
        }
    }

    /// Whether the process has ended.
    var isDone: Bool { state.withLock { $0.isDone } }
}
