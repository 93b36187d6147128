internal import CCascadeKernels
package import CascadeCore

/// A model in memory, ready to compute with: weights repacked for the kernels, and the file's metadata.
///
/// Immutable once loaded, so any number of engines and threads may share it.
///
/// `@unchecked Sendable`: the weights' memory is written by ``load(path:options:)`` before the model exists and only
/// read afterwards; the pointers into it and into the file's mapping live as long as the model.
package final class Model: @unchecked Sendable {
    /// Names what decides an engine's bits besides the weights: change it with any change to results (decisions.md 7).
    package static let numericsID = "cascade-2;int8-q8;mul-add;kv-f16"

    /// The GGUF file, for its metadata and its tokenizer.
    package let file: GGUFFile
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
        file: GGUFFile,
        configuration: ModelConfiguration,
        headTokens: [Token]?,
        weights: ModelWeights,
        memory: MappedMemory
    ) {
        self.file = file
        self.configuration = configuration
        self.headTokens = headTokens
        self.weights = weights
        self.memory = memory
        bytesPerPass = memory.byteCount
    }
}
