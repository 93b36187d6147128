internal import ArgumentParser
internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode
internal import CascadeSimulation

/// `cascade simulate`
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract:
            "Run the real coordinator and wire codec over a fake network that drops, repeats, reorders and crashes.",
        discussion: """
            Each seed is one whole history of jobs and faults; the same seed gives the same history. Exits 1 if an \
            invariant was broken. Ctrl-C ends the run with the verdict so far.

            EXAMPLES
              cascade simulate --seeds 2000 --coverage
              cascade simulate --seed 42 --trace
              cascade simulate --seed 5000000 --seconds 3600 --keep-going
            """
    )

    /// Seeds that are run where neither their number nor the time is given.
    private static let usualSeeds = 1_000
    private static let mostSeeds = 100_000_000

    @Option(help: "How many seeds to run (default: \(Self.usualSeeds), or what --seconds allows).")
    var seeds: Int?

    @Option(help: "How long to run at most; a seed takes about 5 ms.")
    var seconds: Int?

    @Option(help: "The first seed; the others follow it (default: 1).", transform: DecimalNumber.parseSeed)
    var seed: UInt64 = 1

    @Option(help: "How many seeds run at a time (default: the cores this process may use).")
    var threads: Int?

    @Flag(help: "Continue after a failure; at the end list all failures by kind, with their seeds.")
    var keepGoing = false

    @Flag(help: "Print every step of the first seed, and run no other.")
    var trace = false

    @Flag(help: "Fail unless every fault, message and transition occurred.")
    var coverage = false

    func validate() throws {
        try Limits.check("--seeds", seeds, in: 1...Self.mostSeeds)
        try Limits.check("--seconds", seconds, in: 1...31_536_000)
        try Limits.check("--threads", threads, in: Limits.threads)
    }

    func run() async throws {
        let usual = seconds == nil ? Self.usualSeeds : Self.mostSeeds
        var options = SimulationOptions(seed: seed, seeds: trace ? 1 : seeds ?? usual, goesOn: keepGoing)
        options.requiresCoverage = coverage
        if trace { options.trace = { line in Output.note(line) } }
        let interruption = RaisedFlag()
        let interrupts = Interrupts { interruption.raise() }
        defer { withExtendedLifetime(interrupts) {} }
        let threads = threads ?? AvailableCores.count()
        var run = SimulationRun(options, threads: threads, seconds: seconds, interruption: interruption)
        await run.run()
        for line in run.report.summary { try Output.line(line) }
        if let verdict = run.report.verdict { throw CommandFailure.failed(verdict) }
        if interruption.isRaised { throw CommandFailure.interrupted }
    }
}
