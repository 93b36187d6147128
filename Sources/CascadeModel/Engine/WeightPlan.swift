internal import CCascadeKernels
internal import CascadeCore

/// Which tensors of a file become which weights, and where in memory: made and checked before a byte is copied.
struct WeightPlan {
    /// One tensor that is copied.
    struct Item {
        enum Kind {
            /// Repacked into tiles.
            case matrix
            /// A vector of floats.
            case vector
            /// Rows as they lie in the file.
            case rows
        }

        var tensor: GGUFTensor
        var kind: Kind
        /// The type in memory: the tensor's own, or a smaller one.
        var type: csk_type
        /// The tensor's rows that are taken, ascending; nil takes all.
        var taken: [Token]?
        /// Bytes from the start of the weights' memory.
        var offset: Int

        /// Number of rows in memory.
        var rowCount: Int { taken?.count ?? tensor.rowCount }
    }

    /// The items by the name that the engine looks for; `output.weight` may be the embedding's tensor.
    private(set) var items: [String: Item] = [:]
    /// The same names in the order of their offsets.
    private(set) var order: [String] = []
    /// Bytes of all items.
    var byteCount: Int { layout.byteCount }
    /// Bytes of those that every pass reads as a whole: all but the embedding, of which it reads a row for each token.
    private(set) var bytesPerPass = 0

    private static let embedding = "token_embd.weight"
    private var layout = MemoryLayoutPlan()
    private let file: GGUFFile
    private let configuration: ModelConfiguration
    private let options: LoadOptions

    init(file: GGUFFile, configuration: ModelConfiguration, options: LoadOptions) throws(ModelError) {
        if let problem = options.problem(vocabulary: configuration.vocabulary) { throw .invalidRequest(problem) }
        self.file = file
        self.configuration = configuration
        self.options = options
        let c = configuration
        for layer in 0..<c.layers {
            let prefix = "blk.\(layer)."
            try vector(prefix + "attn_norm.weight", c.width)
            try matrix(prefix + "attn_q.weight", c.queryWidth, c.width)
            try matrix(prefix + "attn_k.weight", c.keyValueWidth, c.width)
            try matrix(prefix + "attn_v.weight", c.keyValueWidth, c.width)
            try vector(prefix + "attn_q.bias", c.queryWidth, isOptional: c.architecture == .llama)
            try vector(prefix + "attn_k.bias", c.keyValueWidth, isOptional: c.architecture == .llama)
            try vector(prefix + "attn_v.bias", c.keyValueWidth, isOptional: c.architecture == .llama)
            try matrix(prefix + "attn_output.weight", c.width, c.queryWidth)
            try vector(prefix + "ffn_norm.weight", c.width)
            try matrix(prefix + "ffn_gate.weight", c.hiddenWidth, c.width)
            try matrix(prefix + "ffn_up.weight", c.hiddenWidth, c.width)
            try matrix(prefix + "ffn_down.weight", c.width, c.hiddenWidth)
        }
        try vector("output_norm.weight", c.width)
        let hasHead = file.optionalTensor(named: "output.weight") != nil
        let head = hasHead ? "output.weight" : WeightPlan.embedding
        try matrix("output.weight", c.vocabulary, c.width, from: head, taking: options.headTokens)
        bytesPerPass = layout.byteCount
        try rows(WeightPlan.embedding, c.vocabulary, c.width)
        try refuseOthers()
    }

    private mutating func matrix(
        _ name: String,
        _ rows: Int,
        _ columns: Int,
        from source: String? = nil,
        taking taken: [Token]? = nil
    ) throws(ModelError) {
        let tensor = try tensor(source ?? name)
        guard tensor.shape == [columns, rows] else {
            throw error(name, "shape [\(columns), \(rows)]", "shape \(tensor.shape)")
        }
        var type = try WeightPlan.kernelType(of: tensor, in: file)
        if let smaller = options.quantization?.type, let bytes = smaller.byteCount(rowOf: columns),
            bytes < tensor.rowByteCount
        {
            type = csk_type(rawValue: smaller.rawValue)
        }
        var item = Item(tensor: tensor, kind: .matrix, type: type, taken: taken, offset: 0)
        let tiles = (item.rowCount + CSK_TILE_ROWS - 1) / CSK_TILE_ROWS
        item.offset = layout.reserve(tiles * csk_tile_bytes(type, columns), of: UInt8.self)
        items[name] = item
        order.append(name)
    }

    private mutating func vector(_ name: String, _ count: Int, isOptional: Bool = false) throws(ModelError) {
        if isOptional, file.optionalTensor(named: name) == nil { return }
        let tensor = try tensor(name)
        guard tensor.type == .f32, tensor.shape == [count] else {
            throw error(name, "F32 of shape [\(count)]", "\(tensor.type.name) of shape \(tensor.shape)")
        }
        let offset = layout.reserve(count, of: Float.self)
        items[name] = Item(tensor: tensor, kind: .vector, type: CSK_F32, taken: nil, offset: offset)
        order.append(name)
    }

    private mutating func rows(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) {
        let tensor = try tensor(name)
        guard tensor.shape == [columns, rows] else {
            throw error(name, "shape [\(columns), \(rows)]", "shape \(tensor.shape)")
        }
        let type = try WeightPlan.kernelType(of: tensor, in: file)
        let offset = layout.reserve(tensor.byteCount, of: UInt8.self)
        items[name] = Item(tensor: tensor, kind: .rows, type: type, taken: nil, offset: offset)
        order.append(name)
    }

    private func tensor(_ name: String) throws(ModelError) -> GGUFTensor {
        try wrapped { () throws(GGUFError) in try file.tensor(named: name) }
    }

    /// Weights that the engine would not use mean a model that it would compute wrongly.
    private func refuseOthers() throws(ModelError) {
        let used = Set(items.values.map(\.tensor.name))
        for tensor in file.tensors where !used.contains(tensor.name) {
            let expected = "only tensors of architecture \(configuration.architecture.rawValue) as it is computed here"
            throw error(tensor.name, expected, "this one as well")
        }
    }

    private static func kernelType(of tensor: GGUFTensor, in file: GGUFFile) throws(ModelError) -> csk_type {
        let supported: [TensorType] = [.f32, .f16, .q4_0, .q4_1, .q5_0, .q8_0, .q4_K, .q6_K]
        guard supported.contains(tensor.type) else {
            let expected = "one of the types " + supported.map(\.name).joined(separator: ", ")
            throw .tensor(path: file.path, name: tensor.name, expected: expected, found: tensor.type.name)
        }
        return csk_type(rawValue: tensor.type.rawValue)
    }

    private func error(_ name: String, _ expected: String, _ found: String) -> ModelError {
        .tensor(path: file.path, name: name, expected: expected, found: found)
    }

    // MARK: Weights

    /// The weights whose memory starts at `base`, laid out by this plan.
    func weights(at base: UnsafeMutableRawPointer) -> ModelWeights {
        func vector(_ name: String) -> UnsafePointer<Float>? {
            items[name].map { UnsafePointer((base + $0.offset).assumingMemoryBound(to: Float.self)) }
        }
        func required(_ name: String) -> UnsafePointer<Float> {
            guard let pointer = vector(name) else { preconditionFailure("\(name) is not in the plan") }
            return pointer
        }
        func matrix(_ name: String) -> csk_matrix {
            guard let item = items[name] else { preconditionFailure("\(name) is not in the plan") }
            return WeightPlan.matrix(item, at: base)
        }
        let layers = (0..<configuration.layers).map { layer in
            let prefix = "blk.\(layer)."
            return ModelWeights.Layer(
                attentionNorm: required(prefix + "attn_norm.weight"),
                query: matrix(prefix + "attn_q.weight"),
                key: matrix(prefix + "attn_k.weight"),
                value: matrix(prefix + "attn_v.weight"),
                queryBias: vector(prefix + "attn_q.bias"),
                keyBias: vector(prefix + "attn_k.bias"),
                valueBias: vector(prefix + "attn_v.bias"),
                attentionOutput: matrix(prefix + "attn_output.weight"),
                feedForwardNorm: required(prefix + "ffn_norm.weight"),
                gate: matrix(prefix + "ffn_gate.weight"),
                up: matrix(prefix + "ffn_up.weight"),
                down: matrix(prefix + "ffn_down.weight")
            )
        }
        guard let embedding = items[WeightPlan.embedding] else { preconditionFailure("no embedding in the plan") }
        return ModelWeights(
            layers: layers,
            embedding: ModelWeights.Embedding(
                rows: UnsafeRawPointer(base + embedding.offset),
                rowByteCount: embedding.tensor.rowByteCount,
                type: embedding.type
            ),
            outputNorm: required("output_norm.weight"),
            output: matrix("output.weight")
        )
    }

    /// An item of kind `matrix` as the kernels see it.
    static func matrix(_ item: Item, at base: UnsafeMutableRawPointer) -> csk_matrix {
        csk_matrix(
            type: item.type,
            rows: UInt32(item.rowCount),
            k: UInt32(item.tensor.rowLength),
            tiles: UnsafeRawPointer(base + item.offset),
            tile_bytes: csk_tile_bytes(item.type, item.tensor.rowLength)
        )
    }
}
