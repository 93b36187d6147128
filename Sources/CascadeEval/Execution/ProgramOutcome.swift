/// How a program's run ended.
package enum ProgramOutcome: Sendable, Equatable {
    /// It ran to its last line without an exception.
    case passed
    /// It ended before its last line. The reason is the last line of its standard error, cut, or its exit status.
    case failed(reason: String)
    /// It used up its processor seconds or its wall-clock seconds.
    case timedOut

    /// Whether the program passed.
    package var isPassed: Bool { self == .passed }
}
