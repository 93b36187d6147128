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
        let memory = try MappedMemory(byteCount: layout.byteCount, purpose: "an engine's buffers")
        func floats(_ offset: Int) -> UnsafeMutablePointer<Float> {
            (memory.base + offset).assumingMemoryBound(to: Float.self)
        }
        func blocks(_ offset: Int) -> UnsafeMutablePointer<csk_block> {
            (memory.base + offset).assumingMemoryBound(to: csk_block.self)
        }
        cosines = floats(layout.cosines)
        sines = floats(layout.sines)
        stream = floats(layout.stream)
        normed = floats(layout.normed)
        query = floats(layout.query)
        key = floats(layout.key)
        value = floats(layout.value)
        attended = floats(layout.attended)
        gate = floats(layout.gate)
        up = floats(layout.up)
        scores = floats(layout.scores)
        logits = floats(layout.logits)
        inputBlocks = QuantisedColumns(narrow: blocks(layout.narrowInput), wide: blocks(layout.wideInput))
        hiddenBlocks = QuantisedColumns(narrow: blocks(layout.narrowHidden), wide: blocks(layout.wideHidden))
        rows = (memory.base + layout.rows).assumingMemoryBound(to: PassRow.self)
        wanted = (memory.base + layout.wanted).assumingMemoryBound(to: Int.self)
        scoreStride = layout.scoreStride
        self.memory = memory
    }

    /// Where each buffer begins: byte offsets, in the order in which the buffers lie in memory.
    struct Layout {
        let cosines: Int
        let sines: Int
        let stream: Int
        let normed: Int
        let query: Int
        let key: Int
        let value: Int
        let attended: Int
        let gate: Int
        let up: Int
        let scores: Int
        let logits: Int
        /// ``PassBuffers/inputBlocks`` on narrow scales, and on wide ones.
        let narrowInput: Int
        let wideInput: Int
        /// ``PassBuffers/hiddenBlocks`` on narrow scales, and on wide ones.
        let narrowHidden: Int
        let wideHidden: Int
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
            func reserve(_ perRow: Int) -> Int { plan.reserve(maximumRows * perRow, of: Float.self) }
            func reserveBlocks(_ width: Int) -> Int {
                plan.reserve(maximumRows * width / CSK_BLOCK, of: csk_block.self)
            }
            cosines = plan.reserve(maximumRows * c.rotaryDimensions / 2, of: Float.self)
            sines = plan.reserve(maximumRows * c.rotaryDimensions / 2, of: Float.self)
            stream = reserve(c.width)
            normed = reserve(c.width)
            query = reserve(c.queryWidth)
            key = reserve(c.keyValueWidth)
            value = reserve(c.keyValueWidth)
            attended = reserve(c.queryWidth)
            gate = reserve(c.hiddenWidth)
            up = reserve(c.hiddenWidth)
            scores = plan.reserve(threads * group * stride, of: Float.self)
            logits = plan.reserve(maximumLogits * headCount, of: Float.self)
            narrowInput = reserveBlocks(max(c.width, c.queryWidth))
            wideInput = reserveBlocks(max(c.width, c.queryWidth))
            narrowHidden = reserveBlocks(c.hiddenWidth)
            wideHidden = reserveBlocks(c.hiddenWidth)
            rows = plan.reserve(maximumRows, of: PassRow.self)
            wanted = plan.reserve(maximumRows, of: Int.self)
            scoreStride = stride
            byteCount = plan.byteCount
        }
    }
}
