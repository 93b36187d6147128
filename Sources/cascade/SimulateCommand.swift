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
}
