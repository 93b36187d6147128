internal import ArgumentParser
internal import CascadeHost
internal import Logging

/// How much a process tells on standard error.
struct LogOptions: ParsableArguments {
    @Option(help: "Least level that is logged: trace, debug, info, notice, warning, error.")
    var logLevel = "info"

    func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("log level '\(logLevel)' is not one of trace, debug, info, notice, warning, error")
        }
    }

    /// The process's logger, to standard error.
    func logger(_ label: String) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler(label: $0, stream: LogLines()) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        return logger
    }
}

/// A log on standard error with one line for each event, whatever the names and messages of peers have in them.
private struct LogLines: TextOutputStream {
    /// Writes one event.
    mutating func write(_ event: String) {
        Output.note(Printable.line(event.hasSuffix("\n") ? String(event.dropLast()) : event))
    }
}
