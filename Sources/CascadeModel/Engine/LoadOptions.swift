package import CascadeCore

/// How a model's weights are brought into memory; the default takes them as they are.
package struct LoadOptions: Equatable, Sendable {
    /// A smaller type that matrices can be re-quantised to.
    package enum Quantization: String, CaseIterable, Sendable {
        /// 4.5 bits a weight: codes of 4 bits, one scale for each 32.
        case q4_0
    }

    /// The tokens whose logits are computed, ascending; nil computes all.
    package var headTokens: [Token]?
    /// What matrices of larger types become; nil leaves them as they are.
    package var quantization: Quantization?

    /// Creates options.
    package init(headTokens: [Token]? = nil, quantization: Quantization? = nil) {
        self.headTokens = headTokens
        self.quantization = quantization
    }

    /// What is wrong with the options for a model of that many tokens; nil when they are sound.
    func problem(vocabulary: Int) -> String? {
        guard let headTokens else { return nil }
        guard let last = headTokens.last else { return "an output head needs at least one token" }
        guard zip(headTokens, headTokens.dropFirst()).allSatisfy(<) else {
            return "the tokens of an output head must ascend"
        }
        guard last < vocabulary else { return "token \(last) of an output head, in a vocabulary of \(vocabulary)" }
        return nil
    }
}

extension LoadOptions.Quantization {
    /// The type of the result.
    var type: TensorType {
        switch self {
        case .q4_0: .q4_0
        }
    }
}
