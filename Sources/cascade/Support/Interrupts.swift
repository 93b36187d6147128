internal import Dispatch
internal import Foundation
internal import Synchronization

/// Calls back once when a command shall end before its work is done, instead of dying: on Ctrl-C, SIGTERM and SIGHUP, and
/// when standard output takes nothing any more. A second signal ends the process at once.
///
/// A signal that was ignored when the process started stays ignored: `nohup` means it so, and so does a shell that starts
/// a job in the background.
final class Interrupts {
    /// Why a command ends early.
    enum Cause: Sendable {
        case signal(Int32)
        case output(CommandFailure)
    }

    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// Those of them that whoever started this process wants it to ignore.
    private static let ignored = signals.filter(isIgnored)
    /// Of the process, as signals are: the first cause decides the exit code.
    private static let cause = Mutex<Cause?>(nil)
    /// Values that listen: the last one to go gives the signals back.
    private static let listeners = Mutex(0)

    private let sources: [any DispatchSourceSignal]
    private let onInterrupt: @Sendable () -> Void
    /// Closing it ends the thread that watches standard output.
    private let watch: Int32?

    /// Starts listening; stops when the value goes away.
    ///
    /// - Parameter watchesOutput: whether the reader of a pipe that goes away while nothing is written counts, too.
    init(watchesOutput: Bool = false, _ onInterrupt: @escaping @Sendable () -> Void) {
        self.onInterrupt = onInterrupt
        Self.listeners.withLock { $0 += 1 }
        let queue = DispatchQueue(label: "interrupts")
        let count = Counter()
        sources = Self.signals.filter { !Self.ignored.contains($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if count.next() > 1 { Foundation.exit(128 + number) }
                Interrupts.raise(.signal(number), onInterrupt)
            }
            source.resume()
            return source
        }
        watch = watchesOutput ? Self.watchOutput(onInterrupt) : nil
    }

    deinit {
        if let watch { close(watch) }
        for source in sources { source.cancel() }
        Self.listeners.withLock { count in
            count -= 1
            guard count == 0 else { return }
            for number in Self.signals where !Self.ignored.contains(number) { signal(number, SIG_DFL) }
        }
    }

    /// Ends the command because its result cannot be written.
    func outputFailed(_ failure: CommandFailure) {
        Self.raise(.output(failure), onInterrupt)
    }

    /// What a command's end by interruption means, now that the cause is known: 128 + the signal's number, or what
    /// standard output said.
    static func outcome(_ failure: CommandFailure) -> CommandFailure {
        guard failure.code == CommandFailure.interrupted.code else { return failure }
        return switch cause.withLock({ $0 }) {
        case .signal(let number): CommandFailure(code: 128 + number, message: failure.message)
        case .output(let failure): failure
        case nil: failure
        }
    }

    private static func raise(_ new: Cause, _ onInterrupt: @Sendable () -> Void) {
        let isFirst = cause.withLock { cause in
            defer { cause = cause ?? new }
            return cause == nil
        }
        // That the output takes nothing is noticed by whoever writes and by whoever watches.
        if case .output = new, !isFirst { return }
        onInterrupt()
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // SIG_IGN is a number in a pointer's clothes: it can be compared and not called.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Starts a thread that waits until nobody reads the pipe or socket that standard output is. Returns the descriptor
    /// that ends it when closed; nil where standard output is something else, or no thread can be told to end.
    private static func watchOutput(_ onInterrupt: @escaping @Sendable () -> Void) -> Int32? {
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0, [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT) else {
            return nil
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let stop = ends[0]
        Thread.detachNewThread {
            // Errors and hang-ups are told without being asked for.
            var questions = [STDOUT_FILENO, stop].map { pollfd(fd: $0, events: 0, revents: 0) }
            while poll(&questions, 2, -1) < 0, errno == EINTR {}
            close(stop)
            guard questions[1].revents == 0, questions[0].revents != 0 else { return }
            Interrupts.raise(.output(.closedPipe), onInterrupt)
        }
        return ends[1]
    }

    /// Counts signals.
    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }
}
