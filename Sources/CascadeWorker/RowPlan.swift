/// Which rows a pass takes of the sequences that wait.
///
/// Short feeds, of sequences that decode or have a draft verified, come first, oldest first; what is left goes to long
/// ones, whose prompts are so fed in chunks between the others' rounds. A part is kept for the long ones where there
/// are any, so that however many decode, no prompt waits for ever. Pure.
package enum RowPlan {
    /// One waiting sequence.
    struct Feed: Equatable {
        /// Tokens still to be fed.
        var count: Int
        /// How many of its last rows' logits are wanted: those are never split over passes.
        var wanted: Int

        /// Whether it has a part that can be fed in chunks and is worth it.
        var isLong: Bool { count - wanted > RowPlan.shortTail }
    }

    /// Tokens of a prompt up to which it is fed with its round: what a sequence may lack after a round.
    static let shortTail = 8

    /// Rows by sequence, in the order of `feeds`, at most `budget` in all; sequences without rows are left out.
    static func rows(of feeds: [Feed], budget: Int) -> [(index: Int, count: Int)] {
        var taken: [Int: Int] = [:]
        var room = budget
        let widest = feeds.map(\.wanted).max() ?? 0
        let reserve = feeds.contains(where: \.isLong) ? max(0, min(budget / 4, budget - widest)) : 0
        func take(_ index: Int, leaving reserve: Int) {
            let feed = feeds[index]
            if feed.count <= room - reserve {
                taken[index] = feed.count
            } else {
                let part = min(room - reserve, feed.count - feed.wanted)
                guard part > 0 else { return }
                taken[index] = part
            }
            room -= taken[index] ?? 0
        }
        for index in feeds.indices where !feeds[index].isLong { take(index, leaving: reserve) }
        for index in feeds.indices where feeds[index].isLong { take(index, leaving: 0) }
        // What was kept and not needed.
        for index in feeds.indices where taken[index] == nil { take(index, leaving: 0) }
        return taken.sorted { $0.key < $1.key }.map { (index: $0.key, count: $0.value) }
    }
}
