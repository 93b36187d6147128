internal import ArgumentParser
internal import CascadeCore

/// Ranges of options that several commands have; those of a job are ``JobLimits``.
enum Limits {
    /// Compute threads.
    static let threads = 1...256
    /// Tokens of a sequence, prompt and answer.
    static let context = 16...1_048_576

    /// Throws unless an answer may have so many tokens.
    static func checkAnswer(_ maxTokens: Int) throws {
        try check("--max-tokens", maxTokens, in: 1...JobLimits.standard.answerTokens)
    }

    /// Throws a usage error, with the range, unless the option's value is in it; nil, not given, is.
    static func check(_ option: String, _ value: Int?, in range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError("\(option) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
}
