internal import CascadeCore
internal import CascadeHost
internal import Foundation

/// Where commands print: results to standard output, everything else to standard error.
///
/// A result that cannot be written is a failure: a full disk is told and is exit code 1. A pipe that nobody reads any
/// more ends the command without a word and with exit code 141, 128 + SIGPIPE: what shells report of `seq` or `git`
/// there, so that scripts with `pipefail` need not tell the two apart. What standard error does not take is lost in
/// silence.
///
/// For people everything is made ``Printable``; only the text of answers and JSON go out as they are.
enum Output {
    /// Writes bytes to standard output at once; answers stream through here.
    static func write(_ bytes: some Collection<UInt8>) throws(CommandFailure) {
        do {
            try FileAccess.write(Array(bytes), to: STDOUT_FILENO, name: "standard output")
        } catch {
            throw error.code == EPIPE ? .closedPipe : .failed("cannot write to standard output: \(error.cause)")
        }
    }

    /// Prints lines for people to standard output.
    static func line(_ text: String) throws(CommandFailure) {
        try write(Array((Printable.text(text) + "\n").utf8))
    }

    /// Prints an error in the form `cascade: …`, on one line.
    static func error(_ message: String) {
        toError("cascade: " + Printable.line(message) + "\n")
    }

    /// Prints lines for people to standard error.
    static func note(_ message: String) {
        toError(Printable.text(message) + "\n")
    }

    /// Draws over the present line of the terminal that standard error is.
    static func draw(_ text: String) {
        toError("\r\(Printable.line(text))\u{1B}[K")
    }

    /// Prints a line that has colours of this program's own to standard error.
    static func colouredNote(_ message: String) {
        toError(message + "\n")
    }

    /// Prints a value as indented JSON with sorted keys in snake case.
    static func json(_ value: some Encodable) throws {
        try write(try jsonBytes(value))
    }

    /// Prints a value as JSON on one line.
    static func jsonLine(_ value: some Encodable) throws {
        try write(try jsonBytes(value, isPretty: false))
    }

    /// What ``json(_:)`` prints, the line's end included. Control characters come as `\u001b`, so that a terminal shows
    /// them as well.
    static func jsonBytes(_ value: some Encodable, isPretty: Bool = true) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return Printable.json(Array(try encoder.encode(value))) + [UInt8(ascii: "\n")]
    }

    /// Writes the file of an `--out` option, as a whole or not at all.
    static func file(_ path: String, _ bytes: [UInt8]) throws(CommandFailure) {
        do {
            try FileAccess.write(bytes, to: path)
        } catch {
            throw .failed("\(error)")
        }
    }

    /// Whether standard error shows colours.
    static var errorTakesColours: Bool { takesColours(STDERR_FILENO) }

    /// Whether a descriptor shows colours: a terminal does unless `NO_COLOR` is set or it is a dumb one, others with
    /// `CLICOLOR_FORCE` only.
    static func takesColours(
        _ descriptor: Int32,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        if environment["NO_COLOR"]?.isEmpty == false { return false }
        if let force = environment["CLICOLOR_FORCE"], !force.isEmpty, force != "0" { return true }
        return isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    }

    /// Whether standard error is a terminal whose line progress may redraw.
    static var errorIsTerminal: Bool {
        isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// Whether standard output is a terminal, which obeys control characters.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private static func toError(_ text: String) {
        // There is nowhere left to say that this failed.
        try? FileAccess.write(Array(text.utf8), to: STDERR_FILENO, name: "standard error")
    }
}

/// A line on standard error that is drawn over while something long runs; nothing where nobody looks.
final class ProgressLine {
    private let label: String
    private var shown = -1

    /// Nothing is drawn before the first ``show(_:)``.
    init(_ label: String) {
        self.label = label
    }

    /// Draws the share of the work that is done, from 0 to 1, in whole percents.
    func show(_ share: Double) {
        let percent = Int(share * 100)
        guard Output.errorIsTerminal, percent != shown else { return }
        shown = percent
        Output.draw("\(label): \(percent) %")
    }

    /// Takes the line away.
    func finish() {
        if shown >= 0 { Output.draw("") }
    }
}

/// A command's end by failure: one clear message on standard error and an exit code.
struct CommandFailure: Error {
    /// 1 failed, 2 wrong usage, 3 cluster unreachable, 4 refused, 124 a job's deadline passed (as `timeout` has it),
    /// 130 interrupted, 141 nobody reads the output; 128 + n for another signal n.
    var code: Int32
    /// The cause and the way out; empty where there is nobody to tell.
    var message: String
    /// Whether the same command may succeed later, without anybody's changing it: a disk that is full has room again.
    var mayPass = false

    /// Something went wrong.
    static func failed(_ message: String) -> CommandFailure { CommandFailure(code: 1, message: message) }

    /// The command line makes no sense.
    static func usage(_ message: String) -> CommandFailure { CommandFailure(code: 2, message: message) }

    /// Nobody answers at the endpoint.
    static func unreachable(_ message: String) -> CommandFailure { CommandFailure(code: 3, message: message) }

    /// The cluster said no.
    static func refused(_ message: String) -> CommandFailure { CommandFailure(code: 4, message: message) }

    /// A job ended by an error.
    static func job(_ error: JobError) -> CommandFailure {
        let code: Int32 = error.code == .deadlineExceeded ? 124 : error.code.isRefusal ? 4 : 1
        return CommandFailure(code: code, message: error.message)
    }

    /// Ctrl-C, or whatever else ``Interrupts`` has as its cause.
    static let interrupted = CommandFailure(code: 130, message: "interrupted")

    /// Nobody reads standard output any more: `cascade submit … | head`. 128 + SIGPIPE.
    static let closedPipe = CommandFailure(code: 128 + SIGPIPE, message: "")
}
