internal import ArgumentParser
internal import CascadeCore
internal import CascadeSimulation

/// `cascade simulate`
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Run the real coordinator and wire codec over a fake network that drops, repeats, reorders and crashes.",
        discussion: """
            Each seed is one whole history of jobs and faults; the same seed gives the same history.

            EXAMPLES
              cascade simulate --seeds 1000
              cascade simulate --seed 42 --trace
            """
    )

    @Option(help: "How many seeds to run.")
    var seeds = 1_000

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Flag(help: "Print every step of the first seed.")
    var trace = false

    @Flag(help: "Fail unless every fault, message and transition occurred.")
    var coverage = false

    func validate() throws {
        guard (1...100_000_000).contains(seeds) else { throw ValidationError("--seeds must be 1 to 100000000") }
    }

    func run() async throws {
        var options = SimulationOptions(seed: seed, seeds: trace ? 1 : seeds)
        options.requiresCoverage = coverage
        if trace { options.trace = { line in Output.note(line) } }
        let report = runSimulation(options)
        for line in report.summary { print(line) }
        if let failure = report.failure { throw CommandFailure.failed(failure) }
    }
}
