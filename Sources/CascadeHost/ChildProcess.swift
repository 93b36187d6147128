internal import CCascadeHost
internal import Foundation
internal import Synchronization

/// Starts programs. A child has no other descriptor of this process's than those that it is given: what else is open
/// here, perhaps since before this program began, would stay open as long as the child runs.
package enum Spawn {
    /// Where a child stands among processes.
    package enum Group: Sendable {
        /// In a group of its own, whose number is the child's: Ctrl-C at the terminal reaches its parent alone, which
        /// decides.
        case own
        /// In a session of its own: it outlives the terminal.
        case session
    }

    /// A descriptor of a child.
    package struct Descriptor {
        let number: Int32
        let source: Int32?

        /// The child's descriptor of that number is this process's `source`; nil for nothing to read.
        package init(_ number: Int32, _ source: Int32?) {
            (self.number, self.source) = (number, source)
        }
    }

    /// Starts a program, which has no signal blocked.
    ///
    /// - Parameters:
    ///   - arguments: without the program's name, which is `executable`.
    ///   - descriptors: set up in this order; standard ones that are not among them are this process's own.
    ///   - defaultSignals: what this process ignores of them the child does not.
    package static func start(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        descriptors: [Descriptor],
        group: Group,
        defaultSignals: some Sequence<Int32>
    ) throws(SystemError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in descriptors {
            if let source = descriptor.source {
                posix_spawn_file_actions_adddup2(&actions, source, descriptor.number)
            } else {
                posix_spawn_file_actions_addopen(&actions, descriptor.number, "/dev/null", O_RDONLY, 0)
            }
        }
        csh_spawn_close_from(&actions, max(STDERR_FILENO, descriptors.map(\.number).max() ?? 0) + 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (defaults, none) = (sigset_t(), sigset_t())
        sigemptyset(&defaults)
        sigemptyset(&none)
        for number in defaultSignals { sigaddset(&defaults, number) }
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        // POSIX_SPAWN_SETSID is a glibc extension, which the module map hides.
        let place = group == .session ? 0x80 : Int(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(&attributes, Int16(Int(POSIX_SPAWN_SETSIGDEF) | Int(POSIX_SPAWN_SETSIGMASK) | place))
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw SystemError("start", executable, code: code) }
        return pid
    }
}

/// A child process with files as its output and no other descriptor of this one's, spawned without Foundation's
/// `Process`, which ties a child to the run loop of whatever thread starts it and is not safe on the cooperative pool.
package final class ChildProcess: Sendable {
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
        group: Spawn.Group = .own,
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
        var environment = environment ?? ProcessInfo.processInfo.environment
        environment[Lifeline.variable] = lifeline.map { _ in "\(Lifeline.descriptor)" }
        // The outputs first: where this process has no standard input, one of them may have its number.
        var descriptors: [Spawn.Descriptor] = []
        if let output { descriptors.append(.init(STDOUT_FILENO, output)) }
        if let errors = errors ?? output { descriptors.append(.init(STDERR_FILENO, errors)) }
        descriptors.append(.init(STDIN_FILENO, input))
        if let lifeline { descriptors.append(.init(Lifeline.descriptor, lifeline.child)) }
        do throws(SystemError) {
            pid = try Spawn.start(
                executable,
                arguments,
                environment: environment,
                descriptors: descriptors,
                group: group,
                // SIGHUP stays ignored where `nohup` wanted that of this process: it means what runs below it as well.
                // The others are how a child is ended.
                defaultSignals: [SIGINT, SIGTERM, SIGPIPE] + (IgnoredSignals.atStart.contains(SIGHUP) ? [] : [SIGHUP])
            )
        } catch {
            if let lifeline { close(lifeline.parent) }
            let cause =
                input == nil && access("/dev/null", R_OK) != 0
                ? "\(SystemError("read", "/dev/null"))" : SystemError.text(error.code)
            throw HostError("cannot start \(executable): \(cause)")
        }
        isStarted = true
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
