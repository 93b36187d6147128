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

    @Option(help: "How long to run at most; a seed takes about 10 ms.")
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

/// Many seeds, several at a time, with progress on standard error. They are taken in portions whose reports are added
/// in the order of the seeds: how many run at a time changes nothing about the report.
struct SimulationRun {
    /// Seeds of a portion: a fraction of a second.
    private static let portionSeeds = 32
    /// Seconds between two lines of progress where nobody draws over them.
    private static let pause = 30.0

    /// What came of the seeds so far.
    private(set) var report = SimulationReport()
    private let options: SimulationOptions
    private let threads: Int
    private let seconds: Int?
    private let start = MonotonicClock.now()
    private let interruption: RaisedFlag
    /// Portions that were begun, and those of them whose reports were added.
    private var begun = 0
    private var added = 0
    /// Reports of portions before which others are not done.
    private var ahead: [Int: SimulationReport] = [:]
    private var saidAt = 0.0
    private var kindsSaid: Set<String> = []

    /// - Parameters:
    ///   - threads: how many portions run at a time.
    ///   - seconds: after which no more are begun; nil for no end but that of the seeds.
    ///   - interruption: raised when no more are to be begun.
    init(_ options: SimulationOptions, threads: Int, seconds: Int? = nil, interruption: RaisedFlag = RaisedFlag()) {
        self.options = options
        self.threads = threads
        self.seconds = seconds
        self.interruption = interruption
    }

    /// Runs all of it, up to the first failure unless it is to go on.
    mutating func run() async {
        Output.note("seeds from \(options.seed) on, \(threads) at a time")
        await withTaskGroup(of: (number: Int, report: SimulationReport).self) { group in
            var running = 0
            while true {
                while running < threads, let (number, portion) = nextPortion() {
                    group.addTask { (number, runSimulation(portion)) }
                    running += 1
                }
                guard let done = await group.next() else { break }
                running -= 1
                ahead[done.number] = done.report
                addReports()
                showProgress()
            }
        }
        if Output.errorIsTerminal { Output.draw("") }
        if options.requiresCoverage, !isOver { report.demandCoverage() }
    }

    /// Whether nothing is begun or added any more, whatever is left.
    private var isOver: Bool { interruption.isRaised || (!options.goesOn && !report.failures.isEmpty) }

    private mutating func nextPortion() -> (number: Int, options: SimulationOptions)? {
        let first = begun * Self.portionSeeds
        guard first < options.seeds, !isOver else { return nil }
        if let seconds, MonotonicClock.seconds(since: start) >= Double(seconds) { return nil }
        var portion = options
        portion.seed &+= UInt64(first)
        portion.seeds = min(Self.portionSeeds, options.seeds - first)
        portion.requiresCoverage = false
        begun += 1
        return (begun - 1, portion)
    }

    private mutating func addReports() {
        while options.goesOn || report.failures.isEmpty, let next = ahead.removeValue(forKey: added) {
            added += 1
            report.add(next)
            for failure in next.failures where kindsSaid.insert(failure.kind).inserted { say("FAILED: \(failure)") }
        }
    }

    private mutating func showProgress() {
        let now = MonotonicClock.seconds(since: start)
        guard Output.errorIsTerminal || now - saidAt >= Self.pause else { return }
        saidAt = now
        let line =
            "\(report.seeds) seeds from \(options.seed) on, \(Int(Double(report.seeds) / now)) a second, "
            + "\(report.failures.count) failed"
        if Output.errorIsTerminal { Output.draw(line) } else { Output.note(line) }
    }

    private func say(_ line: String) {
        if Output.errorIsTerminal { Output.draw("") }
        Output.note(line)
    }
}
