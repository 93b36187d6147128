internal import CascadeCore
internal import CascadeNode

/// Shows an answer while it comes: text on standard output, everything else on standard error.
struct AnswerPrinter {
    private let endpoint: String
    private let json: Bool
    private let explains: Bool
    private var painter: OriginPainter?

    /// - Parameters:
    ///   - endpoint: the coordinator's, for messages.
    ///   - json: one object at the end instead of text.
    ///   - explains: where each token came from is shown.
    init(endpoint: String, json: Bool, explains: Bool = false) {
        self.endpoint = endpoint
        self.json = json
        self.explains = explains
        painter = explains && !json ? OriginPainter() : nil
    }

    mutating func show(_ notice: AnswerFollower.Notice) {
        switch notice {
        case .explained(let tokens): painter?.add(tokens)
        case .text(let text): if !json { Output.write(painter?.paint(text) ?? text) }
        case .accepted(let accepted): Output.note("cascade: job \(accepted.job)")
        case .waiting(let note): Output.note("cascade: \(note)")
        case .unreachable:
            let trouble = ClusterRecord.trouble(endpoint: endpoint, roles: [ClusterRecord.coordinator])
            let cause = trouble.map { ": \($0)" } ?? ""
            Output.note("cascade: the coordinator at \(endpoint) does not answer; trying again\(cause)")
        case .reachable: Output.note("cascade: the coordinator answers again")
        }
    }

    /// Ends the answer; throws where the job did not end well.
    mutating func finish(_ report: JobReport, explained: [ExplainedToken] = []) throws {
        if let painter { Output.write(painter.end) }
        if json {
            try Output.json(SubmitResult(report, explained: explains ? explained : nil))
        } else {
            if !report.text.isEmpty, report.text.last != UInt8(ascii: "\n") { Output.write([UInt8(ascii: "\n")]) }
            if explains { Output.note(OriginPainter.legend(report.counts)) }
            if report.error == nil || !report.tokens.isEmpty { Output.note(SubmitSummary.line(report)) }
        }
        if let error = report.error {
            throw CommandFailure(code: error.code.isRefusal ? 4 : 1, message: error.message)
        }
        if report.reason == .cancelled { throw CommandFailure(code: 130, message: "the job was cancelled") }
    }
}
