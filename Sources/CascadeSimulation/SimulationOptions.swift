/// What to simulate.
package struct SimulationOptions: Sendable {
    /// The first seed; a seed says everything about its run.
    package var seed: UInt64
    /// How many seeds to run, one after the other.
    package var seeds: Int
    /// Whether to go on with the next seed behind a failure.
    package var goesOn: Bool
    /// How long faults go on in each run.
    package var faultSeconds: Double
    /// How long all jobs may take to finish once everything is healed.
    package var livenessSeconds: Double
    /// Whether a fault, message type or transition that never occurred fails the whole.
    package var requiresCoverage: Bool
    /// What stands in for the real parts; the tests plant bugs here.
    package var seams: SimulationSeams
    /// Takes a line per event, where one is wanted.
    package var trace: (@Sendable (String) -> Void)?

    /// Creates options.
    package init(
        seed: UInt64 = 1,
        seeds: Int = 1,
        goesOn: Bool = false,
        faultSeconds: Double = 8,
        livenessSeconds: Double = 60,
        requiresCoverage: Bool = false,
        seams: SimulationSeams = SimulationSeams(),
        trace: (@Sendable (String) -> Void)? = nil
    ) {
        self.seed = seed
        self.seeds = seeds
        self.goesOn = goesOn
        self.faultSeconds = faultSeconds
        self.livenessSeconds = livenessSeconds
        self.requiresCoverage = requiresCoverage
        self.seams = seams
        self.trace = trace
    }
}
