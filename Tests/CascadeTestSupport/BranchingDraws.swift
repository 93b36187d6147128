package import CascadeCore
import Synchronization

/// Draws for exact laws of whatever can be copied: a computation goes on in one copy for each possible outcome of what
/// it draws, and each copy knows which numbers it has seen.
///
/// A number is never drawn but narrowed: it lies in an interval, which the borders of each question cut. So a key that
/// is used twice yields one number, whatever the questions are; if that makes a law wrong, it shows. And whoever asks
/// sees a number close beside each border, on either side: a threshold that is not where the border is shows too. A
/// race narrows all numbers of its key together (``RaceRegion``), so rows that race with the same numbers do so with
/// the exact joint law. Unlike `CellDraws`, where each number has the cells of all its purpose, this branches only
/// where a question can be answered in several ways.
package final class BranchingDraws: DrawSource {
    /// What one copy of the computation knows of the numbers.
    package struct Knowledge: Sendable {
        fileprivate var numbers: [DrawKey: ClosedRange<Double>] = [:]
        fileprivate var races: [DrawKey: RaceRegion] = [:]
        fileprivate var borders: [DrawKey: [Double]] = [:]

        /// Nothing is known.
        package init() {}
    }

    private struct Run {
        var knowledge: Knowledge
        /// Which way to go at each fork; the first one where it does not say.
        var choices: [Int]
        /// How many ways each fork had.
        var counts: [Int] = []
        var weight = 1.0

        /// Goes one of several ways with given probabilities.
        mutating func fork(_ weights: [Double]) -> Int {
            precondition(!weights.isEmpty, "some way must be possible")
            guard weights.count > 1 else { return 0 }
            if counts.count == choices.count { choices.append(0) }
            let choice = choices[counts.count]
            counts.append(weights.count)
            weight *= weights[choice]
            return choice
        }
    }

    /// Shares of the unit interval that are smaller are rounding.
    private static let tolerance = 1e-12

    /// How far from a border numbers are.
    private static let edge = 1e-11

    private let naming: @Sendable (DrawKey) -> DrawKey
    private let run = Mutex(Run(knowledge: Knowledge(), choices: []))

    /// Creates draws.
    ///
    /// - Parameter naming: Which number a key stands for; another one than its own is a planted bug.
    package init(naming: @escaping @Sendable (DrawKey) -> DrawKey = { $0 }) {
        self.naming = naming
    }

    /// Says with what the number of `key` will be compared; without this it may not be asked for.
    package func expect(_ borders: [Double], of key: DrawKey) {
        run.withLock { $0.knowledge.borders[key] = borders }
    }

    package func uniform(_ key: DrawKey) -> Double {
        run.withLock { run in
            guard let borders = run.knowledge.borders[key] else { preconditionFailure("nobody expects \(key)") }
            let known = run.knowledge.numbers[naming(key)] ?? 0...1
            let cells = Self.cells(known, borders)
            let width = known.upperBound - known.lowerBound
            let choice = run.fork(cells.map { ($0.range.upperBound - $0.range.lowerBound) / width })
            run.knowledge.numbers[naming(key)] = cells[choice].range
            return cells[choice].number
        }
    }

    /// The parts into which borders cut what is known, each with a number close to a border; a part between two borders
    /// is halved, so that there is a number close to either.
    private static func cells(
        _ known: ClosedRange<Double>,
        _ borders: [Double]
    ) -> [(range: ClosedRange<Double>, number: Double)] {
        var ends = [known.lowerBound]
        for border in borders.sorted() where border > ends[ends.count - 1] + tolerance {
            if border < known.upperBound - tolerance { ends.append(border) }
        }
        ends.append(known.upperBound)
        func isBorder(_ end: Double) -> Bool { borders.contains { abs($0 - end) <= tolerance } }
        return zip(ends, ends.dropFirst()).flatMap { low, high in
            let middle = (low + high) / 2
            let step = min(edge, (high - low) / 4)
            return switch (isBorder(low), isBorder(high)) {
            case (true, true): [(low...middle, low + step), (middle...high, high - step)]
            case (true, false): [(low...high, low + step)]
            case (false, true): [(low...high, high - step)]
            case (false, false): [(low...high, middle)]
            }
        }
    }

    package func race(_ row: Distribution, _ key: DrawKey) -> Int {
        run.withLock { run in
            let known = run.knowledge.races[naming(key)] ?? RaceRegion()
            let ways = row.tokens.indices
                .map { (winner: $0, region: known.won(by: $0, in: row)) }
                .filter { $0.region.share > Self.tolerance * known.share }
            let choice = run.fork(ways.map { $0.region.share / known.share })
            run.knowledge.races[naming(key)] = ways[choice].region
            return ways[choice].winner
        }
    }

    /// Takes `step` once for each combination of outcomes of what it draws, knowing `knowledge`, and hands each result
    /// with its probability and with what is known then to `next`.
    package func branch<Result>(
        _ knowledge: Knowledge,
        _ step: () -> Result,
        _ next: (Result, Knowledge, _ weight: Double) -> Void
    ) {
        var choices: [Int]? = []
        while let present = choices {
            run.withLock { $0 = Run(knowledge: knowledge, choices: present) }
            let result = step()
            let done = run.withLock { $0 }
            next(result, done.knowledge, done.weight)
            choices = Self.successor(of: done)
        }
    }

    /// The choices behind those of `run`; nil after the last.
    private static func successor(of run: Run) -> [Int]? {
        var choices = run.choices
        while let choice = choices.popLast() {
            if choice + 1 < run.counts[choices.count] { return choices + [choice + 1] }
        }
        return nil
    }
}
