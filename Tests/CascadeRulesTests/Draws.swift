import CascadeCore
import Synchronization

/// The same number for every key.
struct FixedDraws: DrawSource {
    var u: Double

    func uniform(_ key: DrawKey) -> Double { u }
    func race(_ row: Distribution, _ key: DrawKey) -> Int { row.index(at: u) }
}

/// A planted bug: keys that lack the round's base length.
struct BaselessDraws<Source: DrawSource>: DrawSource {
    var source: Source

    func uniform(_ key: DrawKey) -> Double {
        var key = key
        key.base = 0
        return source.uniform(key)
    }

    func race(_ row: Distribution, _ key: DrawKey) -> Int { source.race(row, key) }
}

/// Hands out one number for each cell of the unit interval instead of random ones, and steps through every combination:
/// the exact law of whatever draws from it, if each threshold that a number is compared with is a border of its cells.
///
/// The same key yields the same number within a run, so a key that is used twice shows as a wrong joint law.
final class CellDraws: DrawSource {
    /// Borders of the cells of each purpose, ascending from 0 to 1.
    typealias Borders = [DrawKey.Purpose: [Double]]

    private struct State {
        var asked: [DrawKey] = []
        var cells: [Int] = []
    }

    private let borders: Borders
    private let state = Mutex(State())

    init(borders: Borders) {
        self.borders = borders
    }

    func uniform(_ key: DrawKey) -> Double {
        let borders = borders[key.purpose] ?? [0, 1]
        let cell = state.withLock { state in
            if let index = state.asked.firstIndex(of: key) { return state.cells[index] }
            state.asked.append(key)
            if state.asked.count > state.cells.count { state.cells.append(0) }
            return state.cells[state.asked.count - 1]
        }
        return (borders[cell] + borders[cell + 1]) / 2
    }

    func race(_ row: Distribution, _ key: DrawKey) -> Int {
        row.index(at: uniform(key))
    }

    /// Probability of the present run.
    private var weight: Double {
        state.withLock { state in
            state.asked.indices.reduce(1.0) { weight, index in
                let borders = borders[state.asked[index].purpose] ?? [0, 1]
                return weight * (borders[state.cells[index] + 1] - borders[state.cells[index]])
            }
        }
    }

    /// Goes on to the next combination; false after the last.
    private func advance() -> Bool {
        state.withLock { state in
            defer { state.asked = [] }
            while let cell = state.cells.popLast() {
                let count = (borders[state.asked[state.cells.count].purpose] ?? [0, 1]).count - 1
                if cell + 1 < count {
                    state.cells.append(cell + 1)
                    return true
                }
            }
            return false
        }
    }

    /// The exact law of what `run` returns.
    static func law(borders: Borders, of run: (CellDraws) -> [Token]) -> [[Token]: Double] {
        let draws = CellDraws(borders: borders)
        var law: [[Token]: Double] = [:]
        repeat {
            let result = run(draws)
            law[result, default: 0] += draws.weight
        } while draws.advance()
        return law
    }
}

/// Seeded numbers for test inputs.
struct Dice: RandomNumberGenerator {
    private let seed: UInt64
    private var count: UInt32 = 0

    init(_ seed: UInt64) {
        self.seed = seed
    }

    mutating func next() -> UInt64 {
        count += 1
        let block = Philox.block(
            SIMD4(count, 0, 0, 0),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32))
        )
        return UInt64(block.x) << 32 | UInt64(block.y)
    }

    /// A number of the standard exponential law.
    mutating func exponential() -> Double {
        -Math.log1p(-Double.random(in: 0..<1, using: &self))
    }
}
