internal import CCascadeKernels

/// What SLED adds to a pass: it keeps the streams behind the listed layers and lets them move the finished logits.
///
/// A stream is kept as the output head reads it, behind the model's last norm, for the rows alone whose logits are
/// wanted. When the logits are there, the head's rows of the 64 likeliest tokens are multiplied with what was kept:
/// whole tiles of 16 rows, as they lie in memory, so at most 1,024 rows of the head for each row of logits. All of it
/// belongs to one row and one thread, so that results depend on the row alone.
///
/// Memory is written by the pass's threads: a row's part by the thread that has the row, a thread's part by itself.
struct EarlyExits {
    /// How many of the last layer's likeliest tokens have their logits moved.
    static let candidates = 64

    let settings: SLEDSettings
    private let kernels: KernelSet
    private let weights: ModelWeights
    private let width: Int
    private let epsilon: Float
    /// Streams behind the last norm. [R x layers x width]
    private let normed: UnsafeMutablePointer<Float>
    /// One row's streams in codes, for each thread. [threads x layers x width / 32]
    private let blocks: UnsafeMutablePointer<csk_block>
    /// One tile times one row's streams, for each thread. [threads x layers x 16]
    private let products: UnsafeMutablePointer<Float>
    private let memory: MappedMemory

    /// Where each buffer begins: byte offsets.
    struct Layout {
        let normed: Int
        let blocks: Int
        let products: Int
        /// Bytes of all buffers.
        let byteCount: Int

        init(layers: Int, width: Int, maximumRows: Int, threads: Int) {
            var plan = MemoryLayoutPlan()
            normed = plan.reserve(maximumRows * layers * width, of: Float.self)
            blocks = plan.reserve(threads * layers * width / Int(CSK_BLOCK), of: csk_block.self)
            products = plan.reserve(threads * layers * Int(CSK_TILE_ROWS), of: Float.self)
            byteCount = plan.byteCount
        }
    }

    /// Allocates the memory for passes of that many rows; throws when the model lacks one of the layers.
    init(
        _ settings: SLEDSettings,
        model: Model,
        kernels: KernelSet,
        maximumRows: Int,
        threads: Int
    ) throws(ModelError) {
        let c = model.configuration
        if let problem = settings.problem(modelLayers: c.layers) { throw .invalidRequest(problem) }
        self.settings = settings
        self.kernels = kernels
        weights = model.weights
        width = c.width
        epsilon = c.normEpsilon
        let layout = Layout(layers: settings.layers.count, width: c.width, maximumRows: maximumRows, threads: threads)
        memory = try MappedMemory(byteCount: layout.byteCount, purpose: "the early exits of SLED")
        normed = (memory.base + layout.normed).assumingMemoryBound(to: Float.self)
        blocks = (memory.base + layout.blocks).assumingMemoryBound(to: csk_block.self)
        products = (memory.base + layout.products).assumingMemoryBound(to: Float.self)
    }

    /// Keeps the stream [width] behind a layer, counted among the listed ones, for the wanted row `row` of the pass.
    func keep(_ stream: UnsafePointer<Float>, row: Int, exit: Int) {
        let place = normed + (row * settings.layers.count + exit) * width
        kernels.table.rms_norm(stream, weights.outputNorm, width, epsilon, place)
    }

    /// Moves the logits of the wanted row `row` of the pass. [rows of the head]
    func evolve(_ logits: UnsafeMutablePointer<Float>, row: Int, thread: Int) {
        let all = UnsafeBufferPointer(start: logits, count: Int(weights.output.rows))
        // Logits that are not finite stay as they are: whoever reads them reports it.
        guard let final = try? LogitsRow(all, kernels: kernels) else { return }
        let places = final.ranked(EarlyExits.candidates).map(Int.init).sorted()
        let moved = LogitsEvolution.evolved(
            places.map { all[$0] },
            exits: exits(of: places, row: row, thread: thread),
            rate: settings.rate
        )
        for (place, logit) in zip(places, moved) { logits[place] = logit }
    }

    /// What the head makes of each of a row's streams, at some places in ascending order. [layers][places]
    private func exits(of places: [Int], row: Int, thread: Int) -> [[Float]] {
        let count = settings.layers.count
        let tileRows = Int(CSK_TILE_ROWS)
        let columns = columns(row: row, thread: thread)
        let products = products + thread * count * tileRows
        var exits = [[Float]](repeating: [], count: count)
        var loaded = -1
        for place in places {
            let tile = place / tileRows
            if tile != loaded {
                var matrix = weights.output
                matrix.tiles = weights.output.tiles + tile * matrix.tile_bytes
                matrix.rows = UInt32(min(tileRows, Int(matrix.rows) - tile * tileRows))
                let result = csk_result(out: products, stride: tileRows, bias: nil, add: false)
                withUnsafePointer(to: matrix) { kernels.table.matmul($0, columns, 0, 1, result) }
                loaded = tile
            }
            for exit in 0..<count { exits[exit].append(products[exit * tileRows + place % tileRows]) }
        }
        return exits
    }

    /// A row's streams in the form that the head reads.
    private func columns(row: Int, thread: Int) -> csk_columns {
        let count = settings.layers.count
        let values = normed + row * count * width
        let perColumn = width / Int(CSK_BLOCK)
        let blocks = blocks + thread * count * perColumn
        let input = weights.output.input
        if input.contains(.halves) { kernels.table.round_to_half(values, count * width) }
        if !input.isDisjoint(with: [.narrowBlocks, .wideBlocks]) {
            let isWide = input.contains(.wideBlocks)
            kernels.table.quantise(values, width, count, width, 0, count, 0, perColumn, isWide, blocks)
        }
        return csk_columns(blocks: blocks, values: values, stride: width, columns: count)
    }
}
