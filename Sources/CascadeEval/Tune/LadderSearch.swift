/// Finds how far a ladder can be climbed.
package enum LadderSearch {
    /// The last of `steps` that holds, found by bisection: holding is taken to end somewhere and not to come back. Nil
    /// if the first does not hold.
    package static func last<Step>(
        of steps: [Step],
        where holds: (Step) async throws -> Bool
    ) async throws -> Step? {
        var (known, refuted) = (-1, steps.count)
        while refuted - known > 1 {
            let middle = (known + refuted) / 2
            if try await holds(steps[middle]) { known = middle } else { refuted = middle }
        }
        return known < 0 ? nil : steps[known]
    }
}
