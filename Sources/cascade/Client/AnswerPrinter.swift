internal import ArgumentParser
internal import CascadeClient
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode
internal import Foundation

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
    private let tellsLogprobs: Bool
    private let options: AnswerOptions
    private let interrupts: Interrupts?
    private var painter: OriginPainter?
    /// On a terminal, which would obey control characters; nil where the text goes out as it is.
    private var screen: PrintableStream?
    private var failure: CommandFailure?
    private let reading = ReadingLine()

    /// - Parameters:
    ///   - endpoint: the coordinator's, for messages.
    ///   - pool: the job's, likewise; nil where it is not known.
    ///   - json: one object at the end instead of text.
    ///   - explains: where each token came from is shown.
    ///   - tellsLogprobs: the object has log probabilities, also where none came; jobs that have them tell them anyhow.
    ///   - interrupts: what is told that the text cannot be written; nil where the answer is there already.
    init(
        endpoint: String,
        pool: String? = nil,
        json: Bool,
        explains: Bool = false,
        tellsLogprobs: Bool = false,
        options: AnswerOptions,
        interrupts: Interrupts? = nil
    ) {
        self.endpoint = endpoint
        self.pool = pool
        self.json = json
        self.explains = explains
        self.tellsLogprobs = tellsLogprobs
        self.options = options
        self.interrupts = interrupts
        painter = explains && !json ? OriginPainter() : nil
        screen = Output.isTerminal && !options.allowEscapes ? PrintableStream() : nil
    }

    mutating func show(_ notice: AnswerFollower.Notice) {
        if case .reading(let pace) = notice { return reading.show(pace) }
        reading.finish()
        switch notice {
        case .reading: break
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
        reading.finish()
        if let failure { throw failure }
        if json {
            let isTold = tellsLogprobs || explained.contains { $0.explanation.logprobs != nil }
            let likely = isTold ? explained : nil
            try Output.json(SubmitResult(report, explained: explains ? explained : nil, likely: likely))
        } else {
            try Output.write((screen?.end() ?? []) + (painter?.end ?? []))
            if !report.text.isEmpty, report.text.last != UInt8(ascii: "\n") { try Output.write([UInt8(ascii: "\n")]) }
            if explains { Output.colouredNote(OriginPainter.legend(report.counts)) }
            if report.error == nil || !report.tokens.isEmpty { Output.note(SubmitSummary.line(report)) }
            if options.stats { Output.note(SubmitSummary.statistics(report)) }
        }
        if let error = report.error { throw CommandFailure.job(error) }
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

/// Colours an answer's text by where each token came from, as it streams in.
///
/// Text and tokens do not come in step: text is held back where it could become a stop string. A character belongs to
/// the token that its first byte is of.
struct OriginPainter {
    /// Where each token's text ends, in bytes from the answer's start, and what it is.
    private var pieces: [(end: Int, origin: Origin)] = []
    private var painted = 0
    private var current: Origin?
    private let isColoured: Bool

    /// On a terminal, unless `NO_COLOR` is set; elsewhere with `CLICOLOR_FORCE` only.
    init(isColoured: Bool = Self.standardOutputTakesColours) {
        self.isColoured = isColoured
    }

    /// Learns of the next tokens.
    mutating func add(_ tokens: [ExplainedToken]) {
        for one in tokens {
            pieces.append(((pieces.last?.end ?? 0) + Int(one.explanation.textBytes), one.origin))
        }
    }

    /// The next text, with colours; `shown` makes of text of one origin what is shown of it.
    mutating func paint(_ text: [UInt8], _ shown: ([UInt8]) -> [UInt8] = { $0 }) -> [UInt8] {
        guard isColoured else { return shown(text) }
        var (result, run): ([UInt8], [UInt8]) = ([], [])
        for byte in text {
            // Not within a character.
            if byte & 0xC0 != 0x80, let origin = origin(at: painted), origin != current {
                current = origin
                result += shown(run) + Array(Self.escape(origin).utf8)
                run = []
            }
            run.append(byte)
            painted += 1
        }
        return result + shown(run)
    }

    /// What ends the colours.
    var end: [UInt8] { current == nil ? [] : Array(Self.reset.utf8) }

    private mutating func origin(at byte: Int) -> Origin? {
        pieces.first { $0.end > byte }?.origin
    }

    /// What the colours mean, with numbers.
    static func legend(_ counts: SpeculationCounts, isColoured: Bool = Output.errorTakesColours) -> String {
        let parts: [(Origin, String)] = [
            (.matched, "matched \(counts.matched): drafted, and accepted by the acceptance test"),
            (.kept, "kept \(counts.kept): drafted, and kept by the rule"),
            (.expert, "expert \(counts.recovered + counts.bonus): written by the expert"),
        ]
        return parts.map { origin, text in isColoured ? escape(origin) + text + reset : text }
            .joined(separator: " · ")
    }

    private static var standardOutputTakesColours: Bool { Output.takesColours(STDOUT_FILENO) }
    private static let reset = "\u{1B}[0m"

    private static func escape(_ origin: Origin) -> String {
        switch origin {
        case .matched: "\u{1B}[0;32m"
        case .kept: "\u{1B}[0;33m"
        case .expert: "\u{1B}[0;1;36m"
        }
    }
}
