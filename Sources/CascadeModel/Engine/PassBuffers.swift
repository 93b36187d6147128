internal import CCascadeKernels
internal import CascadeCore

/// One row of a pass: a token at a position of a sequence.
struct PassRow {
    var token: Token
    var position: Int
    /// The sequence's page table.
    var pages: UnsafeMutablePointer<UnsafeRawPointer?>
}

/// The input of a step's products in codes, on both kinds of scales; only what the step's matrices read is filled.
struct QuantisedColumns {
    var narrow: UnsafeMutablePointer<csk_block>
    var wide: UnsafeMutablePointer<csk_block>
}

/// An engine's working memory, allocated once for the most rows of a pass. R is the number of rows; every activation
/// buffer is row-major, row r at r * (its width).
struct PassBuffers {
    /// The rows of the pass. [R]
    let rows: UnsafeMutablePointer<PassRow>
    /// Indices of the rows whose logits are wanted, ascending. [R]
    let wanted: UnsafeMutablePointer<Int>
    /// Cosines and sines of each row's rotation. [R x rotaryDimensions / 2]
    let cosines: UnsafeMutablePointer<Float>
    let sines: UnsafeMutablePointer<Float>
    /// The residual stream. [R x width]
    let stream: UnsafeMutablePointer<Float>
    /// A norm's output. [R x width]
    let normed: UnsafeMutablePointer<Float>
    /// [R x queryWidth], [R x keyValueWidth], [R x keyValueWidth]
    let query: UnsafeMutablePointer<Float>
    let key: UnsafeMutablePointer<Float>
    let value: UnsafeMutablePointer<Float>
    /// Attention's output. [R x queryWidth]
    let attended: UnsafeMutablePointer<Float>
    /// [R x hiddenWidth]; the hidden layer's activations take the gate's place.
    let gate: UnsafeMutablePointer<Float>
    let up: UnsafeMutablePointer<Float>
    /// Quantised output of a norm or of attention. [R x max(width, queryWidth) / 32]
    let inputBlocks: QuantisedColumns
    /// Quantised hidden activations. [R x hiddenWidth / 32]
    let hiddenBlocks: QuantisedColumns
    /// Attention scores of one row and key/value head, for each thread. [threads x heads of a group x scoreStride]
    let scores: UnsafeMutablePointer<Float>
    /// Floats of scores for each head: the longest sequence, rounded up to a whole page.
    let scoreStride: Int
    /// Logits of a whole call. [maximumLogits x headCount]
    let logits: UnsafeMutablePointer<Float>

    private let memory: MappedMemory

    init(_ layout: Layout) throws(ModelError) {
        let floats = layout.floats
        let memory = try MappedMemory(byteCount: layout.byteCount, purpose: "an engine's buffers")
        func float(_ index: Int) -> UnsafeMutablePointer<Float> {
            (memory.base + floats[index]).assumingMemoryBound(to: Float.self)
        }
        cosines = float(0)
        sines = float(1)
        stream = float(2)
        normed = float(3)
        query = float(4)
        key = float(5)
        value = float(6)
        attended = float(7)
        gate = float(8)
        up = float(9)
        scores = float(10)
        logits = float(11)
        let blocks = layout.blocks.map { (memory.base + $0).assumingMemoryBound(to: csk_block.self) }
        inputBlocks = QuantisedColumns(narrow: blocks[0], wide: blocks[1])
        hiddenBlocks = QuantisedColumns(narrow: blocks[2], wide: blocks[3])
        rows = (memory.base + layout.rows).assumingMemoryBound(to: PassRow.self)
        wanted = (memory.base + layout.wanted).assumingMemoryBound(to: Int.self)
        scoreStride = layout.scoreStride
        self.memory = memory
    }

    /// Where each buffer begins: byte offsets.
    struct Layout {
        /// The buffers of floats, in the order in which they are declared, `logits` last.
        let floats: [Int]
        /// Narrow and wide blocks of the input, then of the hidden activations.
        let blocks: [Int]
        let rows: Int
        let wanted: Int
        let scoreStride: Int
        /// Bytes of all buffers.
        let byteCount: Int

        init(
            configuration c: ModelConfiguration,
            headCount: Int,
            maximumRows: Int,
            maximumLogits: Int,
            threads: Int,
            longest: Int
        ) {
            let stride = PagePool.count(tokens: longest) * PagePool.pageTokens
            let group = c.heads / c.keyValueHeads
            var plan = MemoryLayoutPlan()
            floats = [
                maximumRows * c.rotaryDimensions / 2, maximumRows * c.rotaryDimensions / 2, maximumRows * c.width,
                maximumRows * c.width, maximumRows * c.queryWidth, maximumRows * c.keyValueWidth,
                maximumRows * c.keyValueWidth, maximumRows * c.queryWidth, maximumRows * c.hiddenWidth,
                maximumRows * c.hiddenWidth, threads * group * stride, maximumLogits * headCount,
            ].map { plan.reserve($0, of: Float.self) }
            blocks = [max(c.width, c.queryWidth), c.hiddenWidth].flatMap { width in
                (0..<2).map { _ in plan.reserve(maximumRows * width / CSK_BLOCK, of: csk_block.self) }
            }
            rows = plan.reserve(maximumRows, of: PassRow.self)
            wanted = plan.reserve(maximumRows, of: Int.self)
            scoreStride = stride
            byteCount = plan.byteCount
        }
    }
}
