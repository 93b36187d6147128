internal import CascadeCore

/// One way to load the cluster that `cascade bench serve` measures.
struct ServeSetting: Hashable {
    /// Jobs in flight.
    var concurrency: Int
    /// Tokens drafted per round.
    var draftLength: DraftLength

    /// For progress and errors.
    var label: String { "\(concurrency) in flight, k \(draftLength.defaultValueDescription)" }

    /// All pairs of the two, concurrency by concurrency.
    static func all(concurrency: [Int], draftLengths: [DraftLength]) -> [ServeSetting] {
        concurrency.flatMap { count in draftLengths.map { ServeSetting(concurrency: count, draftLength: $0) } }
    }

    /// The order of a turn: draft lengths of one concurrency follow each other, and another one begins each turn, so
    /// that what the machine does meanwhile (and which of them finds its prompts in no cache yet) hits all alike.
    static func order(concurrency: [Int], draftLengths: [DraftLength], turn: Int) -> [ServeSetting] {
        let start = turn % max(1, draftLengths.count)
        return all(concurrency: concurrency, draftLengths: Array(draftLengths[start...] + draftLengths[..<start]))
    }
}
