internal import CascadeHost
package import Foundation

/// Writes what a run found: `results.csv`, `report.md` and the plots.
package struct EvalReport: Sendable {
    private let summary: RunSummary
    private let records: [EvalRecord]
    /// Lines for the report's head, such as the command and the machine.
    private let notes: [String]

    /// Creates the report of a run's records.
    package init(_ records: [EvalRecord], notes: [String]) {
        self.records = records
        self.notes = notes
        summary = RunSummary(records)
    }

    /// Writes all files; PNG pictures where a tool for them is there.
    ///
    /// - Returns: the files' names.
    package func write(to folder: URL) async throws -> [String] {
        var names = ["results.csv", "report.md"]
        let plots = Self.plots(summary)
        do {
            try FileAccess.write(csv.utf8, to: folder.appending(path: "results.csv").path)
            for (name, plot) in plots {
                let svg = folder.appending(path: "\(name).svg")
                try FileAccess.write(plot.svg().utf8, to: svg.path)
                names.append("\(name).svg")
                if try await PNGConverter().convert(svg: svg, png: folder.appending(path: "\(name).png")) {
                    names.append("\(name).png")
                }
            }
            let text = markdown(plots: plots.map { "\($0.name).svg" })
            try FileAccess.write(text.utf8, to: folder.appending(path: "report.md").path)
        } catch let error as SystemError {
            throw EvalError("the report is not complete: \(error)")
        }
        return names
    }

    /// The report as Markdown; `plots` are the pictures' files.
    func markdown(plots: [String]) -> String {
        var text = "# \(summary.expert) with drafter \(summary.drafter)\n\n"
        text += notes.map { $0 + "\n" }.joined() + "\n"
        for temperature in summary.temperatures {
            text += "## Temperature \(temperature)\n\n"
            text += table(summary.settings.filter { $0.temperature == temperature }) + "\n"
        }
        text += legend + "\n"
        text += plots.map { "![\($0)](\($0))\n" }.joined()
        return text
    }

    private var hasLikelihood: Bool { summary.settings.contains { $0.logLikelihood != nil } }
    private var hasTests: Bool { summary.settings.contains { $0.passRate != nil } }

    /// One table; a figure is followed by its 95 % interval in brackets.
    func table(_ settings: [SettingSummary]) -> String {
        var columns: [(name: String, alignment: MarkdownTable.Alignment)] = [("method", .left)]
        columns += [(hasTests ? "problems" : "prompts", .right)]
        if hasTests { columns += [("pass@1", .right), ("vs expert", .right), ("p", .right)] }
        if hasLikelihood { columns += [("log-likelihood", .right), ("vs expert", .right)] }
        // Two programs that pass are alike or not: that says nothing.
        if !hasTests { columns += [("likeness", .right)] }
        columns += [
            ("tokens", .right), ("accepted", .right), ("relaxed", .right),
            ("passes/token", .right),
        ]
        // Beside jobs of other methods an answer's time says nothing of its own method.
        if summary.isTimedAlone { columns += [("s/answer", .right), ("ms/token", .right), ("speed", .right)] }
        var table = MarkdownTable(columns)
        for setting in settings {
            var cells = [setting.label, "\(setting.problems)"]
            if hasTests {
                cells.append(Self.text(setting.passRate?.mean, setting.passRate?.interval, 3))
                cells.append(setting.comparison.map { Self.signed($0.difference) } ?? "")
                cells.append(setting.comparison?.test.map { Self.fixed($0.pValue, 2) } ?? "")
            }
            if hasLikelihood {
                cells.append(Self.text(setting.logLikelihood?.mean, setting.logLikelihood?.interval, 3))
                cells.append(setting.comparison.map { Self.signed($0.difference) } ?? "")
            }
            if !hasTests { cells.append(setting.likeness.map { Self.fixed($0.mean, 3) } ?? "") }
            cells += [
                Self.fixed(setting.tokens, 0),
                setting.acceptance.map { Self.fixed($0, 3) } ?? "",
                Self.fixed(setting.relaxed, 3),
                Self.fixed(setting.expertPasses, 3),
            ]
            if summary.isTimedAlone {
                cells += [
                    setting.seconds.mean.isNaN ? "" : Self.fixed(setting.seconds.mean, 2),
                    setting.seconds.mean.isNaN ? "" : Self.fixed(setting.millisecondsPerToken, 1),
                    setting.speedup.map { Self.fixed($0, 2) + "x" } ?? "",
                ]
            }
            table.append(cells)
        }
        return table.text
    }

    private var legend: String {
        var words = ["Brackets are 95 % intervals."]
        if hasTests {
            words.append("p: exact McNemar test of pass@1 against expert-only on the same problems.")
        } else {
            words.append("likeness: ROUGE-L with the expert's own answer.")
        }
        if hasLikelihood {
            words.append("log-likelihood: the expert's, per token of the answer at temperature 1, in nats.")
        }
        words.append(
            "tokens: of an answer. accepted: share of drafted tokens. relaxed: share of the answer's tokens that stand "
                + "although the expert alone would have said otherwise. passes/token: expert passes."
        )
        if summary.isTimedAlone {
            words.append(
                """
                Times: one job at a time, methods interleaved, adaptive draft length. speed: median over problems of \
                the expert's ms/token over the method's.
                """
            )
        }
        return words.joined(separator: " ") + "\n"
    }

    /// All answers as comma-separated values, their texts left out: those are in `results.jsonl`.
    var csv: String {
        var csv = CSVWriter(header: [
            "phase", "problem", "method", "alpha", "temperature", "sample", "passed", "log_likelihood", "tokens",
            "finish_reason", "milliseconds", "first_token_milliseconds", "expert_passes", "drafted", "accepted",
            "relaxed",
            "failure",
        ])
        for record in records {
            csv.append([
                record.phase.rawValue, record.problem, record.method, Self.plain(record.alpha), "\(record.temperature)",
                "\(record.sample)", record.passed.map { $0 ? "1" : "0" } ?? "", Self.plain(record.logLikelihood),
                "\(record.tokens.count)", record.finishReason, Self.fixed(record.milliseconds, 1),
                record.firstTokenMilliseconds.map { Self.fixed($0, 1) } ?? "", "\(record.expertPasses)",
                "\(record.drafted)", "\(record.accepted)", "\(record.relaxed)", record.failure ?? "",
            ])
        }
        return csv.text
    }

    private static func plain(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }

    static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    private static func signed(_ difference: PairedDifference) -> String {
        let numbers = [difference.mean, difference.low, difference.high].map { String(format: "%+.3f", $0) }
        return difference.low.isFinite ? "\(numbers[0]) [\(numbers[1]), \(numbers[2])]" : numbers[0]
    }

    private static func text(_ value: Double?, _ interval: ConfidenceInterval?, _ digits: Int) -> String {
        guard let value else { return "" }
        guard let interval, interval.low.isFinite else { return fixed(value, digits) }
        return "\(fixed(value, digits)) [\(fixed(interval.low, digits)), \(fixed(interval.high, digits))]"
    }
}
