internal import CCascadeHost
internal import Foundation
internal import Synchronization

/// A child process with files as its output and no other descriptor of this one's, spawned without Foundation's
/// `Process`, which ties a child to the run loop of whatever thread starts it and is not safe on the cooperative pool.
package final class ChildProcess: Sendable {
    /// Where a child stands among processes.
    package enum Group: Sendable {
        /// In a group of its own: Ctrl-C at the terminal reaches its parent alone, which decides.
        case own
        /// In a session of its own: it outlives the terminal.
        case session
    }

    /// The process.
    package let pid: Int32
    private let code = Mutex<Int32?>(nil)
    private let exits: AsyncStream<Int32>

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - environment: nil passes on this process's own.
    ///   - input: its standard input; nil for none.
    ///   - output: its standard output and, where `errors` is nil, its standard error; nil passes on this process's
    ///     own.
    ///   - hear: takes what it tells on a ``Lifeline``, which it gets where this is not nil; ``exitCode()`` returns
    ///     when all that was told has been heard.
    package init(
        executable: String,
        arguments: [String],
        environment: [String: String]? = nil,
        group: Group = .own,
        input: Int32? = nil,
        output: Int32? = nil,
        errors: Int32? = nil,
        hear: (@Sendable (Lifeline.Word) -> Void)? = nil
    ) throws(HostError) {
        // The thread that will wait for its end first: without one it would be left over, and nobody knew of its end.
        let reaper = try Self.reaper()
        var isStarted = false
        defer { if !isStarted { reaper.dismiss() } }
        let lifeline = hear == nil ? nil : try Lifeline.pair()
        defer { if let lifeline { close(lifeline.child) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The outputs first: where this process has no standard input, one of them may have its number.
        if let output { posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) }
        if let errors = errors ?? output { posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO) }
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        }
        if let lifeline { posix_spawn_file_actions_adddup2(&actions, lifeline.child, Lifeline.descriptor) }
        // Whatever else is open here, perhaps since before this program began, would stay open as long as the child
        // runs.
        csh_spawn_close_from(&actions, lifeline == nil ? 3 : Lifeline.descriptor + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        Self.set(&attributes, group: group)
        var environment = environment ?? ProcessInfo.processInfo.environment
        environment[Lifeline.variable] = lifeline.map { _ in "\(Lifeline.descriptor)" }
        let strings = [executable] + arguments
        var argv = strings.map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
        guard error == 0 else {
            if let lifeline { close(lifeline.parent) }
            let cause =
                input == nil && access("/dev/null", R_OK) != 0
                ? "\(SystemError("read", "/dev/null"))" : String(cString: strerror(error))
            throw HostError("cannot start \(executable): \(cause)")
        }
        isStarted = true
        self.pid = pid
        let continuation: AsyncStream<Int32>.Continuation
        (exits, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(1))
        reaper.run { [self] in
            if let lifeline, let hear {
                Lifeline.listen(lifeline.parent, hear)
                close(lifeline.parent)
            }
            continuation.yield(reap())
            continuation.finish()
        }
    }

    /// Waits for the end: an exit code, or a signal's number negated.
    package func exitCode() async -> Int32 {
        if let code = code.withLock({ $0 }) { return code }
        for await code in exits { return code }
        return code.withLock { $0 } ?? -SIGKILL
    }

    /// Sends a signal, unless the process has ended.
    package func signal(_ number: Int32) {
        code.withLock { if $0 == nil { kill(pid, number) } }
    }

    /// Whether the process has ended.
    package var isDone: Bool { code.withLock { $0 != nil } }

    /// Threads that this program takes itself while it waits for a child, beside the one that reaps it.
    private static let threadsBeside = 5

    private static func reaper() throws(HostError) -> WaitingThread {
        let reaper = try WaitingThread(name: "reaper")
        do throws(HostError) {
            try OSThread.checkRoom(for: threadsBeside)
        } catch {
            reaper.dismiss()
            throw error
        }
        return reaper
    }

    /// Signals that this program ignores, as it does while it waits for Ctrl-C, would be ignored by the child too.
    /// SIGHUP stays ignored where `nohup` wanted that of this process: it means what runs below it as well. The others
    /// are how a child is ended.
    private static func set(_ attributes: inout posix_spawnattr_t, group: Group) {
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&defaults, number) }
        if !IgnoredSignals.atStart.contains(SIGHUP) { sigaddset(&defaults, SIGHUP) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        var mask = sigset_t()
        sigemptyset(&mask)
        posix_spawnattr_setsigmask(&attributes, &mask)
        // POSIX_SPAWN_SETSID is a glibc extension, which the module map hides.
        let place = group == .session ? 0x80 : Int(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(Int(POSIX_SPAWN_SETSIGDEF) | Int(POSIX_SPAWN_SETSIGMASK) | place))
    }

    /// Waits for the end and takes the process off the system's table in the same breath as it is noted: a signal must
    /// never reach a stranger that was given the same number.
    private func reap() -> Int32 {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, Int32(WEXITED | WNOWAIT)) != 0, errno == EINTR {}
        return code.withLock { code in
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            let signal = status & 0x7f
            let value = signal == 0 ? (status >> 8) & 0xff : -signal
            code = value
            return value
        }
    }
}

/// This very program, for children.
package enum Program {
    private static let link = "/proc/self/exe"
    private static let first = URL(filePath: link).resolvingSymlinksInPath().path

    /// Its file; once that has another program in it, or none, the one that runs.
    package static var path: String {
        var (file, own) = (stat(), stat())
        let isSame =
            stat(first, &file) == 0 && stat(link, &own) == 0 && file.st_ino == own.st_ino && file.st_dev == own.st_dev
        return isSame ? first : link
    }
}

/// Signals that whoever started this process wants it to ignore, as `nohup` does.
package enum IgnoredSignals {
    /// To be asked for before this program ignores any.
    package static let atStart = [SIGINT, SIGTERM, SIGHUP].filter(isIgnored)

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // SIG_IGN is a number in a pointer's clothes: it can be compared and not called.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
