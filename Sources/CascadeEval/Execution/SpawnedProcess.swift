internal import CascadeHost
internal import Foundation

/// A command that runs, in a process group of its own, until ``wait(startSeconds:wallSeconds:flag:)`` returns.
final class SpawnedProcess {
    /// How often the child is looked at while its output says nothing, in milliseconds.
    private static let lookMilliseconds: Int32 = 50
    /// How long output may stay open once the child is dead or killed, in seconds.
    private static let closingSeconds = 2.0

    private let identifier: pid_t
    private let output: BoundedReader
    private let errors: BoundedReader

    /// Starts `command` with `input` as its standard input.
    ///
    /// - Throws: ``ExecutionError/start(_:)``.
    init(_ command: BoundedCommand, input: [UInt8]) throws {
        let standardInput = try Self.file(holding: input)
        defer { fclose(standardInput) }
        output = try BoundedReader(keeping: .beginning)
        errors = try BoundedReader(keeping: .end)
        identifier = try Self.spawn(command, [fileno(standardInput), output.childEnd, errors.childEnd])
        output.closeWriteEnd()
        errors.closeWriteEnd()
    }

    /// Waits for the end, which is the deadline at the latest. Nothing of the child's process group is left then.
    func wait(
        startSeconds: Double,
        wallSeconds: Double,
        flag: RaisedFlag
    ) throws -> BoundedCommand.Exit {
        var exit = BoundedCommand.Exit()
        var deadline = Self.now() + startSeconds
        var (isStarted, isOver) = (false, false)
        while output.isOpen || errors.isOpen {
            BoundedReader.wait(output.descriptor, errors.descriptor, milliseconds: Self.lookMilliseconds)
            output.read()
            errors.read()
            let now = Self.now()
            if !isStarted, output.hasContent {
                isStarted = true
                if !isOver { deadline = now + wallSeconds }
            }
            if isOver {
                if now >= deadline { break }
            } else if hasEnded() {
                // What it left behind in its group holds its output open.
                isOver = true
                deadline = now + Self.closingSeconds
                kill(-identifier, SIGKILL)
            } else if now >= deadline || flag.isRaised {
                isOver = true
                exit.isTimedOut = !flag.isRaised
                deadline = now + Self.closingSeconds
                kill(-identifier, SIGKILL)
            }
        }
        // It may have closed its output and live on.
        while !isOver, !hasEnded(), Self.now() < deadline, !flag.isRaised { usleep(useconds_t(1000)) }
        if !isOver, !hasEnded() { exit.isTimedOut = !flag.isRaised }
        kill(-identifier, SIGKILL)
        exit.status = reap()
        exit.output = output.text
        exit.errors = errors.text
        return exit
    }

    /// Whether the child has ended. Its number stays its own until it is reaped.
    private func hasEnded() -> Bool {
        var information = siginfo_t()
        let result = waitid(P_PID, id_t(identifier), &information, WEXITED | WNOHANG | WNOWAIT)
        return result == 0 && information.si_signo == SIGCHLD
    }

    private func reap() -> Int32 {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
    }

    private static func now() -> Double { ProcessInfo.processInfo.systemUptime }

    /// An open file without a name that holds `bytes`: a pipe would have to be written while the child reads it.
    private static func file(holding bytes: [UInt8]) throws -> UnsafeMutablePointer<FILE> {
        guard let file = tmpfile() else { throw ExecutionError.start("tmpfile: \(String(cString: strerror(errno)))") }
        _ = fcntl(fileno(file), F_SETFD, FD_CLOEXEC)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0 else {
            let reason = String(cString: strerror(errno))
            fclose(file)
            throw ExecutionError.start("writing the program: \(reason)")
        }
        rewind(file)
        return file
    }

    /// Starts the command with `descriptors` as its standard input, output and error.
    private static func spawn(_ command: BoundedCommand, _ descriptors: [Int32]) throws -> pid_t {
        do throws(SystemError) {
            // Signals as if nobody had blocked or ignored any.
            return try Spawn.start(
                command.arguments[0],
                Array(command.arguments.dropFirst()),
                environment: command.environment,
                descriptors: descriptors.enumerated().map { .init(Int32($0.offset), $0.element) },
                group: .own,
                defaultSignals: 1...64
            )
        } catch {
            throw ExecutionError.start("\(command.arguments[0]): \(SystemError.text(error.code))")
        }
    }
}
