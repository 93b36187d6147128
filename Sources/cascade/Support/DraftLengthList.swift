internal import ArgumentParser
internal import CascadeCore

/// Several draft lengths in one option, such as `2,4,adaptive`.
struct DraftLengthList: ExpressibleByArgument, Equatable {
    /// The lengths in the order given, each once; at least one.
    var lengths: [DraftLength]

    init(_ lengths: [DraftLength]) { self.lengths = lengths }

    init?(argument: String) {
        lengths = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let length = DraftLength(argument: String(part.trimmingPrefix { $0 == " " })) else { return nil }
            if !lengths.contains(length) { lengths.append(length) }
        }
    }

    var defaultValueDescription: String { lengths.map(\.defaultValueDescription).joined(separator: ",") }
}
