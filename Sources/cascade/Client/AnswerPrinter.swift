internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode

/// How an answer is shown.
struct AnswerOptions: ParsableArguments {
    @Flag(help: "Print the counts of drafted and accepted tokens under the answer.")
    var stats = false

    @Flag(help: "Send the answer's control characters to the terminal as they are, instead of as escapes.")
    var allowEscapes = false
}

/// Shows an answer while it comes: text on standard output, everything else on standard error.
///
/// Where the text cannot be written it says so to ``Interrupts``, which ends the job, and writes no more.
struct AnswerPrinter {
    private let endpoint: String
    private let pool: String?
    private let json: Bool
    private let explains: Bool
    private let options: AnswerOptions
    private let interrupts: Interrupts?
    private var painter: OriginPainter?
    /// On a terminal, which would obey control characters; nil where the text goes out as it is.
    private var screen: PrintableStream?
    private var failure: CommandFailure?

    /// - Parameters:
    ///   - endpoint: the coordinator's, for messages.
    ///   - pool: the job's, likewise; nil where it is not known.
    ///   - json: one object at the end instead of text.
    ///   - explains: where each token came from is shown.
    ///   - interrupts: what is told that the text cannot be written; nil where the answer is there already.
    init(
        endpoint: String,
        pool: String? = nil,
        json: Bool,
        explains: Bool = false,
        options: AnswerOptions,
        interrupts: Interrupts? = nil
    ) {
        self.endpoint = endpoint
        self.pool = pool
        self.json = json
        self.explains = explains
        self.options = options
        self.interrupts = interrupts
        painter = explains && !json ? OriginPainter() : nil
        screen = Output.isTerminal && !options.allowEscapes ? PrintableStream() : nil
    }

    mutating func show(_ notice: AnswerFollower.Notice) {
        switch notice {
        case .explained(let tokens): painter?.add(tokens)
        case .text(let text): if !json { write(text) }
        case .accepted(let accepted): Output.note("cascade: job \(accepted.job)")
        case .waiting(let note): Output.note("cascade: " + Printable.line(note))
        case .nodes(let nodes): showPools(nodes)
        case .unreachable:
            let trouble = ClusterRecord.trouble(endpoint: endpoint, roles: [ClusterRecord.coordinator])
            let cause = trouble.map { ": \($0)" } ?? ""
            Output.note("cascade: the coordinator at \(endpoint) does not answer; trying again\(cause)")
        case .reachable: Output.note("cascade: the coordinator answers again")
        }
    }

    /// Says which pools there are where nobody is in the job's: its name may be a slip.
    private func showPools(_ nodes: [NodeSummary]) {
        let pools = Set(nodes.map(\.pool))
        guard let pool, !pools.contains(pool) else { return }
        let names = pools.sorted().prefix(16).map(Printable.line).joined(separator: ", ")
        let others = names.isEmpty ? "no pool has nodes" : "there are: \(names)"
        Output.note("cascade: no node is in a pool named \(Printable.line(pool)) yet; \(others)")
    }

    /// Ends the answer; throws where the job did not end well, or its answer could not be written.
    mutating func finish(_ report: JobReport, explained: [ExplainedToken] = []) throws {
        if let failure { throw failure }
        if json {
            try Output.json(SubmitResult(report, explained: explains ? explained : nil))
        } else {
            try Output.write((screen?.end() ?? []) + (painter?.end ?? []))
            if !report.text.isEmpty, report.text.last != UInt8(ascii: "\n") { try Output.write([UInt8(ascii: "\n")]) }
            if explains { Output.colouredNote(OriginPainter.legend(report.counts)) }
            if report.error == nil || !report.tokens.isEmpty { Output.note(SubmitSummary.line(report)) }
            if options.stats { Output.note(SubmitSummary.statistics(report)) }
        }
        if let error = report.error {
            throw CommandFailure(code: error.code.isRefusal ? 4 : 1, message: error.message)
        }
        if report.reason == .cancelled { throw CommandFailure(code: 130, message: "the job was cancelled") }
    }

    private mutating func write(_ text: [UInt8]) {
        guard failure == nil else { return }
        var screen = screen
        let shown = { (bytes: [UInt8]) in screen?.next(bytes) ?? bytes }
        let bytes = painter?.paint(text, shown) ?? shown(text)
        self.screen = screen
        do {
            try Output.write(bytes)
        } catch {
            failure = error
            interrupts?.outputFailed(error)
        }
    }
}
