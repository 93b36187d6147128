/// Which rows a pass takes of the sequences that wait.
///
/// Short feeds, of sequences that decode or have a draft verified, come first, oldest first; what is left goes to long
/// ones, whose prompts are so fed in chunks beside the others' rounds. How much that is at most, the caller says
/// (``PromptPace``). A part of the pass is kept for the long ones where there are any, so that however many decode, no
/// prompt waits for ever.
///
/// Prompts take turns: who has least left comes first, so that a short prompt does not wait for a long one. But a part
/// of what prompts get is always the oldest one's, which therefore moves in every pass, however many short ones come;
/// and who is not the oldest yet will be. Pure.
package enum RowPlan {
    /// One waiting sequence.
    struct Feed: Equatable {
        /// Tokens still to be fed.
        var count: Int
        /// How many of its last rows' logits are wanted: those are never split over passes.
        var wanted: Int

        /// Whether it has a part that can be fed in chunks and is worth it.
        var isLong: Bool { count - wanted > RowPlan.shortTail }

        /// How much of it can be fed where there is room for `room` tokens.
        func part(within room: Int) -> Int { count <= room ? count : max(0, min(room, count - wanted)) }
    }

    /// Tokens of a prompt up to which it is fed with its round: what a sequence may lack after a round.
    static let shortTail = 8
    /// The part of what prompts get that is the oldest one's at least: one in so many tokens.
    static let oldestShare = 4

    /// Rows by sequence, in the order of `feeds`, at most `budget` in all; sequences without rows are left out.
    ///
    /// - Parameters:
    ///   - feeds: who waits, oldest first.
    ///   - promptRows: how many rows the long ones may have beside so many rows of others; at least one.
    static func rows(
        of feeds: [Feed],
        budget: Int,
        promptRows: (_ others: Int) -> Int = { _ in .max }
    ) -> [(index: Int, count: Int)] {
        var taken = [Int](repeating: 0, count: feeds.count)
        var room = budget
        /// Lets a feed have up to `most` tokens in all.
        func take(_ index: Int, most: Int) {
            let part = max(taken[index], feeds[index].part(within: most))
            room -= part - taken[index]
            taken[index] = part
        }
        let long = feeds.indices.filter { feeds[$0].isLong }
        let widest = feeds.map(\.wanted).max() ?? 0
        let reserve = long.isEmpty ? 0 : max(0, min(budget / 4, budget - widest))
        for index in feeds.indices where !feeds[index].isLong { take(index, most: room - reserve) }
        if let oldest = long.first {
            let others = budget - room
            var left = min(room, max(1, promptRows(others)))
            let share = (left + oldestShare - 1) / oldestShare
            let shortestFirst = long.sorted { (feeds[$0].count, $0) < (feeds[$1].count, $1) }
            for (index, most) in [(oldest, share)] + shortestFirst.map({ ($0, Int.max) }) {
                let before = room
                take(index, most: min(most, taken[index] + left))
                left -= before - room
            }
        }
        // What was kept and not needed.
        for index in feeds.indices where !feeds[index].isLong && taken[index] == 0 { take(index, most: room) }
        // Who lacks nothing, which no honest request does, is told so.
        return feeds.indices.filter { taken[$0] > 0 || feeds[$0].count == 0 }.map { (index: $0, count: taken[$0]) }
    }
}
