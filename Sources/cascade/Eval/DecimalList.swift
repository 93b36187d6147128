internal import ArgumentParser

/// A list of numbers in one option, such as `0.1,0.3`.
struct DecimalList: ExpressibleByArgument, Equatable {
    /// The numbers in the order given; at least one.
    var numbers: [Double]

    init(_ numbers: [Double]) { self.numbers = numbers }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { DecimalNumber.value($0.trimmingPrefix { $0 == " " }) }
        guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
        self.numbers = numbers
    }

    var defaultValueDescription: String { numbers.map { "\($0)" }.joined(separator: ",") }
}
