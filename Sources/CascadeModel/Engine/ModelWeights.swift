internal import CCascadeKernels

/// Weights in memory, as the kernels read them. The pointers are valid as long as the ``Model`` that has them.
struct ModelWeights {
    /// One layer; shapes are rows x columns.
    struct Layer {
        /// [width]
        var attentionNorm: UnsafePointer<Float>
        /// [queryWidth x width]
        var query: csk_matrix
        /// [keyValueWidth x width]
        var key: csk_matrix
        /// [keyValueWidth x width]
        var value: csk_matrix
        /// [queryWidth], or nil
        var queryBias: UnsafePointer<Float>?
        /// [keyValueWidth], or nil
        var keyBias: UnsafePointer<Float>?
        /// [keyValueWidth], or nil
        var valueBias: UnsafePointer<Float>?
        /// [width x queryWidth]
        var attentionOutput: csk_matrix
        /// [width]
        var feedForwardNorm: UnsafePointer<Float>
        /// [hiddenWidth x width]
        var gate: csk_matrix
        /// [hiddenWidth x width]
        var up: csk_matrix
        /// [width x hiddenWidth]
        var down: csk_matrix
    }

    /// The embedding, its rows as they lie in the file: one is dequantised when its token is fed.
    struct Embedding {
        var rows: UnsafeRawPointer
        var rowByteCount: Int
        var type: csk_type
    }

    /// The layers in order.
    var layers: [Layer]
    /// [vocabulary x width], in the file's format
    var embedding: Embedding
    /// [width]
    var outputNorm: UnsafePointer<Float>
    /// [vocabulary x width], or only the rows of the head's tokens; the embedding's weights where the file has no head
    /// of its own
    var output: csk_matrix
}

extension csk_matrix {
    /// Number of tiles of 16 rows.
    var tileCount: Int { (Int(rows) + CSK_TILE_ROWS - 1) / CSK_TILE_ROWS }

    /// Bytes of all tiles.
    var byteCount: Int { tileCount * tile_bytes }

    /// What the matrix reads of its input.
    var input: ProductInput {
        switch type {
        case CSK_F32: []
        case CSK_F16: .halves
        case CSK_Q4_K, CSK_Q6_K: .wideBlocks
        default: .narrowBlocks
        }
    }
}

/// In which forms the matrices of a step read its input, besides floats. A matrix reads the same numbers whatever
/// others there are, but for one: F32 weights beside F16 ones read floats that are rounded to binary16.
struct ProductInput: OptionSet {
    let rawValue: UInt8

    /// Floats rounded to binary16.
    static let halves = ProductInput(rawValue: 1)
    /// Codes with a scale for each 32.
    static let narrowBlocks = ProductInput(rawValue: 2)
    /// Codes with a scale for each 256.
    static let wideBlocks = ProductInput(rawValue: 4)
}
