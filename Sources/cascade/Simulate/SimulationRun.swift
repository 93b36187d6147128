internal import CascadeCore
internal import CascadeEval
internal import CascadeHost
internal import CascadeNode
internal import CascadeSimulation

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
