internal import CascadeCore
internal import CascadeHost
internal import Foundation

/// What `cascade submit` says under an answer.
enum SubmitSummary {
    /// For everybody, e.g. `[64 tokens in 5.1 s, 12.6 a second; 40 of them drafted, 7 copied; seed 7]`.
    static func line(_ report: JobReport) -> String {
        let counts = report.counts
        var parts = ["\(plural(report.tokens.count, "token")) in \(decimalText(report.totalMilliseconds / 1_000, 1)) s"]
        if let rate = report.tokensPerSecond { parts[0] += ", \(decimalText(rate, 1)) a second" }
        // Some of what was accepted may lie behind the answer's end.
        let copied = min(Int(counts.lookupAccepted), report.tokens.count)
        let drafted = min(Int(counts.accepted), report.tokens.count) - copied
        var sources: [String] = []
        if drafted > 0 { sources.append("\(drafted) of them by the drafter") }
        if copied > 0 { sources.append("\(copied) of them copied from the text before") }
        if !sources.isEmpty { parts.append(sources.joined(separator: ", ")) }
        if report.sampling.temperature > 0 { parts.append("seed \(report.seed)") }
        switch report.reason {
        case .stop, .error: break
        case .length: parts.append("token limit reached")
        case .cancelled: parts.append("cancelled")
        }
        return "[" + parts.joined(separator: "; ") + "]"
    }

    /// For those who know speculation, e.g. `[17 rounds · mean acceptance length 3.76 · accepted 47 of 68 drafted]`,
    /// and more of the kind.
    static func statistics(_ report: JobReport) -> String {
        let counts = report.counts
        var parts = [plural(Int(counts.rounds), "round")]
        if let length = counts.meanAcceptanceLength {
            parts.append("mean acceptance length \(decimalText(length, 2))")
            parts.append(
                "accepted \(counts.accepted) of \(counts.drafted) drafted, kept \(counts.kept), "
                    + "deferred \(counts.deferred), recovered \(counts.recovered), bonus \(counts.bonus)"
            )
            if counts.lookupAccepted > 0 { parts.append("copied \(counts.lookupAccepted)") }
        } else {
            parts.append("no drafts: plain expert decoding")
        }
        var rule = report.rule.rule.rawValue
        if let alpha = report.rule.ownAlpha { rule += " alpha \(alpha)" }
        if report.rule.verifyMethod != .rejection { rule += ", \(report.rule.verifyMethod.rawValue)" }
        parts.append(rule)
        if report.sampling.temperature > 0 { parts.append("seed \(report.seed)") }
        parts.append(report.reason.name)
        return "[" + parts.joined(separator: " · ") + "]"
    }
}
