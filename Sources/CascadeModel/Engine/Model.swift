internal import CCascadeKernels
package import CascadeCore

/// A model in memory, ready to compute with: weights repacked for the kernels. Whatever becomes of its file, it stays.
///
/// Immutable once loaded, so any number of engines and threads may share it.
///
/// `@unchecked Sendable`: the weights' memory is written by ``load(path:options:)`` before the model exists and only
/// read afterwards; the pointers into it live as long as the model.
package final class Model: @unchecked Sendable {
    /// Names what decides an engine's bits besides the weights: change it with any change to results (decisions.md 7).
    package static let numericsID = "cascade-3;int8-q8;mul-add;kv-f16"

    /// Hyper-parameters.
    package let configuration: ModelConfiguration
    /// The tokens whose logits are computed, ascending; nil where all are.
    package let headTokens: [Token]?
    /// Bytes of weights that a pass of few rows reads.
    package let bytesPerPass: Int

    /// Number of logits in a row.
    package var headCount: Int { Int(weights.output.rows) }

    let weights: ModelWeights
    private let memory: MappedMemory

    init(
        configuration: ModelConfiguration,
        headTokens: [Token]?,
        weights: ModelWeights,
        bytesPerPass: Int,
        memory: MappedMemory
    ) {
        self.configuration = configuration
        self.headTokens = headTokens
        self.weights = weights
        self.memory = memory
        self.bytesPerPass = bytesPerPass
    }
}
