package import CascadeCore
import Synchronization

/// Hands out one number for each cell of the unit interval instead of random ones, and steps through every combination:
/// the exact law of whatever draws from it, if each threshold that a number is compared with is a border of its cells.
///
/// The same key yields the same number within a run, so a key that is used twice shows as a wrong joint law.
package final class CellDraws: DrawSource {
    /// Borders of the cells of each purpose, ascending from 0 to 1.
    package typealias Borders = [DrawKey.Purpose: [Double]]

    private struct State {
        var asked: [DrawKey] = []
        var cells: [Int] = []
    }

    private let borders: Borders
    private let state = Mutex(State())

    /// Creates draws whose numbers of each purpose lie in the cells between `borders`.
    package init(borders: Borders) {
        self.borders = borders
    }

    /// The number of the key's cell.
    package func uniform(_ key: DrawKey) -> Double {
        let borders = borders[key.purpose] ?? [0, 1]
        let cell = state.withLock { state in
            if let index = state.asked.firstIndex(of: key) { return state.cells[index] }
            state.asked.append(key)
            if state.asked.count > state.cells.count { state.cells.append(0) }
            return state.cells[state.asked.count - 1]
        }
        return (borders[cell] + borders[cell + 1]) / 2
    }

    /// One number decides the whole race.
    package func race(_ row: Distribution, _ key: DrawKey) -> Int {
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
    package static func law(borders: Borders, of run: (CellDraws) -> [Token]) -> [[Token]: Double] {
        let draws = CellDraws(borders: borders)
        var law: [[Token]: Double] = [:]
        repeat {
            let result = run(draws)
            law[result, default: 0] += draws.weight
        } while draws.advance()
        return law
    }
}
