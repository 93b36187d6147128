import CascadeEval
import CascadeHost
import Foundation

@testable import cascade

/// Stops one thread of another process as a debugger does; the others go on. Thaws where it is told to, or released.
final class EngineFreezer: Sendable {
    private let isOver = RaisedFlag()
    private let ended = DispatchSemaphore(value: 0)

    /// Freezes the thread of that name; nil where there is none, or this process may not.
    convenience init?(pid: Int32, thread name: String = "engine") {
        guard let thread = Self.thread(of: pid, named: name) else { return nil }
        self.init(thread: thread)
    }

    private init?(thread: Int32) {
        let started = DispatchSemaphore(value: 0)
        let isFrozen = RaisedFlag()
        // Whoever attaches to a thread must be the one to let it go.
        Thread.detachNewThread { [isOver, ended] in
            let isThere = Self.trace(.seize, thread) && Self.trace(.interrupt, thread)
            if isThere { isFrozen.raise() }
            started.signal()
            while isThere, !isOver.isRaised { usleep(10_000) }
            if isThere { _ = Self.trace(.detach, thread) }
            ended.signal()
        }
        started.wait()
        guard isFrozen.isRaised else { return nil }
    }

    deinit { isOver.raise() }

    /// Lets the thread go on.
    func thaw() {
        isOver.raise()
        ended.wait()
        ended.signal()
    }

    /// The thread of a process with that name.
    static func thread(of pid: Int32, named name: String) -> Int32? {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")) ?? []
        return threads.first { thread in
            let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(thread)/comm", encoding: .utf8)
            return text?.split(separator: "\n").first == name[...]
        }.flatMap { Int32($0) }
    }

    /// Why a test that freezes threads is skipped, and what helps.
    static let want = """
        threads of other processes cannot be stopped here: run as root, with CAP_SYS_PTRACE where this is a container, \
        and with kernel.yama.ptrace_scope below 3
        """

    /// Whether this process may do it: it tries on a child.
    static let isAvailable: Bool = {
        guard let child = try? ChildProcess(executable: "/bin/sleep", arguments: ["60"]) else { return false }
        defer { child.signal(SIGKILL) }
        return EngineFreezer(thread: child.pid) != nil
    }()

    private enum Request: Int32 {
        case seize = 0x4206
        case interrupt = 0x4207
        case detach = 17
    }

    private static func trace(_ request: Request, _ thread: Int32) -> Bool {
        // Variadic in the header, and hidden by the module map for that.
        typealias Trace = @convention(c) (Int32, Int32, UnsafeRawPointer?, UnsafeRawPointer?) -> Int
        guard let symbol = dlsym(nil, "ptrace") else { return false }
        // The arguments are those that the manual gives these requests; on x86-64 integers are passed alike either way.
        let trace = unsafeBitCast(symbol, to: Trace.self)
        for _ in 0..<200 {
            if trace(request.rawValue, thread, nil, nil) == 0 { return true }
            // A thread that has not stopped yet cannot be let go.
            guard request == .detach, errno == ESRCH else { return false }
            usleep(5_000)
        }
        return false
    }
}
