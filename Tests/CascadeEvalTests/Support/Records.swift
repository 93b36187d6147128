import CascadeCore

@testable import CascadeEval

extension EvalRecord {
    /// A record of an answer with `tokens` tokens.
    static func make(
        _ method: String,
        alpha: Double? = nil,
        problem: String,
        phase: EvalTask.Phase = .quality,
        temperature: Double = 0,
        sample: Int = 0,
        text: String = "",
        tokens: Int = 10,
        milliseconds: Double = 100,
        passed: Bool? = nil
    ) -> EvalRecord {
        EvalRecord(
            key: "\(phase) \(method) \(alpha ?? 0) \(problem) \(temperature) \(sample)",
            phase: phase,
            problem: problem,
            method: method,
            alpha: alpha,
            temperature: temperature,
            sample: sample,
            drafter: "small",
            expert: "big",
            text: text,
            tokens: Array(repeating: 7, count: tokens),
            finishReason: "stop",
            milliseconds: milliseconds,
            firstTokenMilliseconds: nil,
            expertPasses: UInt64(tokens / 2),
            drafted: UInt64(tokens),
            accepted: UInt64(tokens / 2),
            relaxed: 1,
            passed: passed
        )
    }
}
