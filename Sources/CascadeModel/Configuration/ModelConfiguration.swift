/// A model's hyper-parameters, read from a GGUF file's metadata and checked for sense.
package struct ModelConfiguration: Equatable, Sendable {
    /// The architectures that the engine computes.
    package enum Architecture: String, CaseIterable, Sendable {
        case llama
        case qwen2

        /// Whether rotary pairs are neighbours (2i, 2i + 1) in the file's order of rows, rather than (i, i + half).
        var interleavesRotation: Bool { self == .llama }
    }

    /// The architecture.
    package let architecture: Architecture
    /// Number of layers.
    package let layers: Int
    /// Width of the residual stream; a multiple of 32.
    package let width: Int
    /// Width of the feed-forward part; a multiple of 32.
    package let hiddenWidth: Int
    /// Number of query heads.
    package let heads: Int
    /// Number of key/value heads; divides ``heads``.
    package let keyValueHeads: Int
    /// Width of a head; a multiple of 32.
    package let headSize: Int
    /// Leading elements of a head that are rotated; even.
    package let rotaryDimensions: Int
    /// Base of the rotary frequencies.
    package let rotaryBase: Double
    /// What a position is multiplied by before anything is rotated by it: below 1 where the context was stretched.
    package let positionScale: Double
    /// What the norms add to the mean square.
    package let normEpsilon: Float
    /// Longest sequence that the model was made for.
    package let contextLength: Int
    /// Number of tokens in the vocabulary: rows of the embedding.
    package let vocabulary: Int

    /// Width of all query heads together.
    package var queryWidth: Int { heads * headSize }

    /// Width of all key heads together, and of all value heads.
    package var keyValueWidth: Int { keyValueHeads * headSize }

    /// Bytes that a token takes in the KV cache: its keys and values in all layers, as binary16.
    package var cacheBytesPerToken: Int { 2 * keyValueWidth * layers * MemoryLayout<UInt16>.stride }

    /// Reads and checks the metadata of `file`.
    package init(_ file: GGUFFile) throws(ModelError) {
        try MetadataRule.checkWhole(file)
        let name = try wrapped { () throws(GGUFError) in try file.string("general.architecture") }
        guard let architecture = Architecture(rawValue: name) else {
            let supported = Architecture.allCases.map(\.rawValue)
            throw .unsupportedArchitecture(path: file.path, found: name, supported: supported)
        }
        try MetadataRule.check(file, architecture: architecture)
        let keys = ConfigurationKeys(file: file, prefix: name)
        self.architecture = architecture
        layers = try keys.integer("block_count", in: 1...1_024)
        width = try keys.integer("embedding_length", in: 32...65_536, multipleOf: 32)
        hiddenWidth = try keys.integer("feed_forward_length", in: 32...1_048_576, multipleOf: 32)
        heads = try keys.integer("attention.head_count", in: 1...1_024)
        keyValueHeads = try keys.integer("attention.head_count_kv", in: 1...heads, "the heads", default: heads)
        guard heads % keyValueHeads == 0 else {
            throw keys.error("attention.head_count_kv", "a divisor of the \(heads) heads", "\(keyValueHeads)")
        }
        // Where the file does not say how wide a head is, the heads share the residual stream.
        let head = try keys.integer("attention.key_length", in: 32...1_024, multipleOf: 32, default: width / heads)
        guard head >= 32, head % 32 == 0, head <= 1_024 else {
            throw keys.error("attention.head_count", "heads of 32 to 1024 elements, a multiple of 32", "\(head)")
        }
        headSize = head
        _ = try keys.integer("attention.value_length", in: head...head, "the width of keys", default: head)
        rotaryDimensions = try keys.integer(
            "rope.dimension_count",
            in: 2...head,
            "the width of a head",
            multipleOf: 2,
            default: head
        )
        rotaryBase = Double(try keys.float("rope.freq_base", in: 1...1e12, default: 10_000))
        normEpsilon = try keys.float("attention.layer_norm_rms_epsilon", in: 1e-12...1e-2)
        contextLength = try keys.integer("context_length", in: 1...(1 << 20))
        positionScale = try keys.positionScale()

        let embedding = try wrapped { () throws(GGUFError) in try file.tensor(named: "token_embd.weight") }
        guard embedding.rowLength == width, 1...(1 << 24) ~= embedding.rowCount else {
            throw .tensor(
                path: file.path,
                name: embedding.name,
                expected: "rows of \(width), one for each token",
                found: "shape \(embedding.shape)"
            )
        }
        vocabulary = embedding.rowCount
        let size = try keys.integer("vocab_size", in: 1...(1 << 24), default: vocabulary)
        guard size == vocabulary else {
            throw .contradiction(
                path: file.path,
                "key '\(name).vocab_size' says \(size)",
                "\(embedding.name) has \(vocabulary) rows"
            )
        }
    }
}
