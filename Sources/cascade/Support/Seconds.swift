internal import ArgumentParser
internal import CascadeHost
internal import CascadeNode

/// A span of time on the command line, in seconds: above 0 and at most a year, so that no sum or difference of two
/// means anything else.
struct Seconds: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, Equatable {
    /// The number.
    let value: Double

    private static let most = 31_536_000.0

    /// Reads the text of an option.
    static func parse(_ text: String) throws -> Seconds {
        guard let value = DecimalNumber.value(text), value > 0, value <= most else {
            throw ValidationError("it must be above 0 and at most \(secondsText(most)) seconds")
        }
        return Seconds(floatLiteral: value)
    }

    init(floatLiteral value: Double) { self.value = value }
    init(integerLiteral value: Int) { self.value = Double(value) }
}
