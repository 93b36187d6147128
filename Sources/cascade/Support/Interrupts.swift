internal import CascadeCore
internal import CascadeHost
internal import CascadeNode
internal import CascadeTransport
internal import Dispatch
internal import Foundation
internal import Synchronization

/// Calls back when a command shall end before its work is done, instead of dying: on Ctrl-C, SIGTERM and SIGHUP, and
/// when standard output takes nothing any more. Who sends another SIGINT or SIGTERM does not want to wait for that: it
/// ends the process at once.
///
/// A signal that was ignored when the process started stays ignored: `nohup` means it so, and so does a shell that
/// starts a job in the background.
final class Interrupts {
    /// Why a command ends early.
    enum Cause: Sendable {
        case signal(Int32)
        case output(CommandFailure)
    }

    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// Of the process, as signals are: the first cause decides the exit code.
    private static let cause = Mutex<Cause?>(nil)
    /// What is called on a signal, by listener. All share the sources of the first: ignoring a signal again would take
    /// away the handler that libdispatch has installed for it since, and with it the signal.
    private static let listeners = Mutex<[ObjectIdentifier: @Sendable () -> Void]>([:])
    /// When the first signal came.
    private static let firstSignal = Mutex<Instant?>(nil)
    /// SIGTERM and SIGHUP of one end of a session come back to back: neither is impatience. SIGINT is none of them.
    private static let secondsOfOneEnd = 1.0

    /// Of the first listener alone.
    private var sources: [any DispatchSourceSignal] = []
    private let onInterrupt: @Sendable () -> Void
    /// Closing it ends the thread that watches standard output.
    private let watch: Int32?

    /// Starts listening; stops when the value goes away. Listeners nest: the first is the last to go. A signal that
    /// came to an earlier one counts: the command is about to end, whatever it begins.
    ///
    /// - Parameter watchesOutput: whether the reader of a pipe that goes away while nothing is written counts, too.
    init(watchesOutput: Bool = false, _ onInterrupt: @escaping @Sendable () -> Void) {
        self.onInterrupt = onInterrupt
        watch = watchesOutput ? Self.watchOutput(onInterrupt) : nil
        let id = ObjectIdentifier(self)
        let isFirst = Self.listeners.withLock { listeners in
            listeners[id] = onInterrupt
            return listeners.count == 1
        }
        if isFirst { sources = Self.takeSignals() }
        // A signal of this very moment has found the listener above, and may call it twice.
        if case .signal = Self.cause.withLock({ $0 }) { onInterrupt() }
    }

    deinit {
        if let watch { close(watch) }
        _ = Self.listeners.withLock { $0.removeValue(forKey: ObjectIdentifier(self)) }
        guard !sources.isEmpty else { return }
        for source in sources { source.cancel() }
        for number in Self.signals where !IgnoredSignals.atStart.contains(number) { signal(number, SIG_DFL) }
    }

    private static func takeSignals() -> [any DispatchSourceSignal] {
        // Without threads libdispatch waits for one for ever. A signal then ends the process as it does others.
        guard (try? OSThread.checkRoom(for: 3)) != nil else { return [] }
        let queue = DispatchQueue(label: "interrupts")
        return signals.filter { !IgnoredSignals.atStart.contains($0) }.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { Interrupts.take(number) }
            // Until it is registered, a signal would be ignored and lost.
            let registered = DispatchSemaphore(value: 0)
            source.setRegistrationHandler { registered.signal() }
            source.resume()
            registered.wait()
            return source
        }
    }

    private static func take(_ number: Int32) {
        let first = firstSignal.withLock { first in
            defer { first = first ?? MonotonicClock.now() }
            return first
        }
        if let first {
            let mayBeOneEnd = number == SIGTERM && MonotonicClock.seconds(since: first) <= secondsOfOneEnd
            if number != SIGHUP, !mayBeOneEnd { Foundation.exit(128 + number) }
            return
        }
        for listener in listeners.withLock({ Array($0.values) }) { raise(.signal(number), listener) }
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
        do throws(HostError) {
            try OSThread.start(name: "output") { waitForReader(stop, onInterrupt) }
        } catch {
            for end in ends { close(end) }
            return nil
        }
        return ends[1]
    }

    private static func waitForReader(_ stop: Int32, _ onInterrupt: @Sendable () -> Void) {
        // Errors and hang-ups are told without being asked for.
        var questions = [STDOUT_FILENO, stop].map { pollfd(fd: $0, events: 0, revents: 0) }
        while poll(&questions, 2, -1) < 0, errno == EINTR {}
        close(stop)
        guard questions[1].revents == 0, questions[0].revents != 0 else { return }
        raise(.output(.closedPipe), onInterrupt)
    }
}
