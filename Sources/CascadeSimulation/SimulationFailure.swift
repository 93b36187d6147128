/// Something that did not hold, and where to see it again.
package struct SimulationFailure: Equatable, Sendable, CustomStringConvertible {
    /// Whose history it was.
    package let seed: UInt64
    /// How many events came before.
    package let step: Int
    /// Which invariant, and how it was broken.
    package let problem: String

    /// Creates a failure.
    package init(seed: UInt64, step: Int, problem: String) {
        self.seed = seed
        self.step = step
        self.problem = problem
    }

    /// One line for people.
    package var description: String { "seed \(seed), step \(step): \(problem)" }

    /// The problem without the numbers, ids and lists of numbers that differ from seed to seed; the names of invariants
    /// stay. Failures of one kind have one cause, most likely.
    package var kind: String {
        let numbers = /\b(?![A-Z]\d+\b)\w*\d\w*(?:(?:, |\.)\w*\d\w*)*/.wordBoundaryKind(.simple)
        return problem.replacing(numbers, with: "#")
    }
}
