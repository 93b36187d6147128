internal import CascadeCore
internal import Foundation

/// The line that `cascade submit` prints under an answer.
enum SubmitSummary {
    /// E.g. `64 tokens in 5.1 s (12.9 tok/s) · 17 rounds · mean acceptance length 3.8 · accepted 47 of 68 drafted, …`.
    static func line(_ report: JobReport) -> String {
        let counts = report.counts
        var parts = ["\(report.tokens.count) tokens in \(fixed(report.totalMilliseconds / 1_000, 1)) s"]
        if let rate = report.tokensPerSecond { parts[0] += " (\(fixed(rate, 1)) tok/s)" }
        parts.append("\(counts.rounds) rounds")
        if let length = counts.meanAcceptanceLength {
            parts.append("mean acceptance length \(fixed(length, 2))")
            parts.append(
                "accepted \(counts.accepted) of \(counts.drafted) drafted, kept \(counts.kept), "
                    + "deferred \(counts.deferred), "
                    + "recovered \(counts.recovered), bonus \(counts.bonus)"
            )
            if counts.lookupAccepted > 0 { parts.append("copied \(counts.lookupAccepted)") }
        } else {
            parts.append("no drafts: plain expert decoding")
        }
        var rule = report.rule.rule.rawValue
        if report.rule.rule.defaultAlpha != nil { rule += " alpha \(report.rule.alpha)" }
        if report.rule.verifyMethod != .rejection { rule += ", \(report.rule.verifyMethod.rawValue)" }
        parts.append(rule)
        if report.sampling.temperature > 0 { parts.append("seed \(report.seed)") }
        parts.append(report.reason.name)
        return "[" + parts.joined(separator: " · ") + "]"
    }

    /// A number with a fixed count of decimals.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        String(format: "%.\(decimals)f", value)
    }
}
