/// One line of a run's `results.jsonl`: an answer and what became of it.
package struct EvalRecord: Codable, Sendable, Equatable {
    /// ``EvalTask/key``.
    package var key: String
    /// What the answer was measured for.
    package var phase: EvalTask.Phase
    /// The problem's name.
    package var problem: String
    /// The way to answer: a rule or a baseline.
    package var method: String
    /// The rule's knob; nil where it has none.
    package var alpha: Double?
    package var temperature: Double
    package var sample: Int
    /// The models of the cluster that answered.
    package var drafter: String
    package var expert: String
    package var text: String
    /// Tokens of the answer, an end token included.
    package var tokens: [UInt32]
    package var finishReason: String
    /// From acceptance to the end, without the time in the queue.
    package var milliseconds: Double
    /// From acceptance to the first token.
    package var firstTokenMilliseconds: Double?
    /// Rounds in which the expert scored something.
    package var expertPasses: UInt64
    package var drafted: UInt64
    package var accepted: UInt64
    /// Accepted, although the expert's own law would have said otherwise.
    package var relaxed: UInt64
    /// Whether the answer's tests passed; nil where there are none.
    package var passed: Bool?
    /// Why they did not.
    package var failure: String?
    /// The mean natural logarithm of the probability that the expert gives the answer's tokens, at temperature 1; nil where
    /// nobody asked.
    package var logLikelihood: Double?
}
