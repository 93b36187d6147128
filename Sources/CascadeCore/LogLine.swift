/// How much a line in the log of a state machine matters.
package enum LogLevel: Sendable {
    /// Only when something is being looked for.
    case debug
    /// Worth knowing.
    case info
    /// Something failed and the service goes on.
    case warning
    /// Somebody has to do something.
    case error
}

/// One named value of a log line; the line's text never varies.
package struct LogField: Equatable, Sendable {
    /// Its name.
    package var name: String
    /// Its value.
    package var value: String

    /// Creates a field.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
