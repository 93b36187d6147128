internal import ArgumentParser

/// A span of time on the command line, in seconds: above 0 and at most a year, so that no sum or difference of two means
/// anything else.
struct Seconds: ExpressibleByArgument, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, Equatable {
    /// The number.
    let value: Double

    private static let most = 31_536_000.0

    init?(argument: String) {
        guard let value = Double(argument), value > 0, value <= Self.most else { return nil }
        self.value = value
    }

    init(floatLiteral value: Double) { self.value = value }
    init(integerLiteral value: Int) { self.value = Double(value) }

    /// As the option takes it: `15`, `0.5`.
    var defaultValueDescription: String {
        value == value.rounded() ? "\(Int(value))" : "\(value)"
    }
}
