internal import ArgumentParser

/// A list of whole numbers in one option, such as `1,2,4`.
struct NumberList: ExpressibleByArgument, Equatable {
    /// The numbers in the order given; at least one.
    var numbers: [Int]

    init(_ numbers: [Int]) { self.numbers = numbers }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0.trimmingPrefix { $0 == " " }) }
        guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
        self.numbers = numbers
    }

    var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}
