/// Decides which bytes of a growing answer may be shown (decisions.md 12): never a part of what may become a stop
/// string, never half a UTF-8 character.
///
/// Bytes go in as tokens are committed and come out as text. Between two appends it holds back the longest suffix that
/// could begin a stop string, and in front of it what could begin a character; nothing else. Whatever the splitting of
/// the input, the released bytes in a row are the same. The answer ends before the stop string that is complete first;
/// where two are complete at the same byte, before the longer. A character that is incomplete where the answer ends is
/// left out. Bytes in mid-text that can be part of no character pass through as they are.
package struct TextRelease: Equatable, Sendable {
    private var matchers: [StopMatcher]
    private var held: [UInt8] = []
    /// Whether a stop string was complete; nothing is released any more.
    package private(set) var isStopped = false

    /// Creates the filter; empty stop strings are ignored.
    package init(stop: [[UInt8]]) {
        matchers = stop.filter { !$0.isEmpty }.map(StopMatcher.init)
    }

    /// Bytes that are held back now: fewer than the longest stop string and a character have.
    package var heldCount: Int { held.count }

    /// Takes the next bytes and returns those that may be shown. O(bytes * stop strings).
    package mutating func append(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        guard !isStopped else { return [] }
        for byte in bytes {
            held.append(byte)
            var longest = 0
            for index in matchers.indices where matchers[index].advance(byte) {
                longest = max(longest, matchers[index].count)
            }
            if longest > 0 {
                isStopped = true
                held.removeLast(longest)
                return finish()
            }
        }
        let partialStop = matchers.reduce(0) { max($0, $1.matched) }
        let keep = partialStop + incompleteSuffixCount(of: held.dropLast(partialStop))
        let text = Array(held.dropLast(keep))
        held.removeFirst(text.count)
        return text
    }

    /// The answer has ended: returns what is still held back, but for half a character.
    package mutating func finish() -> [UInt8] {
        defer { held = [] }
        return Array(held.dropLast(incompleteSuffixCount(of: held[...])))
    }
}
