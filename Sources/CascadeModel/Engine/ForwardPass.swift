internal import CCascadeKernels
internal import CascadeCore

/// One pass of rows through the model, run by all threads of an engine together.
///
/// Every step splits its work by thread index alone, and threads meet between steps. How it is split never shows in the
/// result: each number is computed by one thread, in a fixed order.
///
/// `@unchecked Sendable`: between passes only the engine's thread touches ``rowCount``, ``wantedCount``, ``logitsBase``
/// and the buffers; during a pass the threads read these three and write disjoint parts of the buffers, of the early
/// exits' memory and of the pages, and the barrier orders one step's writes before the next step's reads. The crew's
/// gate orders a pass after its setup.
final class ForwardPass: @unchecked Sendable {
    let buffers: PassBuffers
    /// Rows of this pass.
    var rowCount = 0
    /// Rows whose logits are wanted: the first entries of `buffers.wanted`.
    var wantedCount = 0
    /// Where in `buffers.logits`, in rows, this pass's logits go.
    var logitsBase = 0

    private let configuration: ModelConfiguration
    private let weights: ModelWeights
    private let kernels: csk_kernels
    /// Moves finished logits; nil where the last layer has the only say.
    private let earlyExits: EarlyExits?
    private let threads: Int
    private let headByteCount: Int
    private let barrier: Barrier
    /// Radians per position of each rotated pair. [rotaryDimensions / 2]
    private let frequencies: [Double]

    init(
        model: Model,
        kernels: KernelSet,
        buffers: PassBuffers,
        earlyExits: EarlyExits?,
        threads: Int,
        headByteCount: Int
    ) {
        self.kernels = kernels.table
        self.buffers = buffers
        self.earlyExits = earlyExits
        self.threads = threads
        self.headByteCount = headByteCount
        configuration = model.configuration
        weights = model.weights
        barrier = Barrier(parties: threads)
        let dimensions = model.configuration.rotaryDimensions
        let logBase = Math.log(model.configuration.rotaryBase)
        let scale = model.configuration.positionScale
        frequencies = (0..<dimensions / 2).map { scale * Math.exp(-2 * Double($0) / Double(dimensions) * logBase) }
    }

    /// The part of thread `thread`. Its numbers are complete when every thread has returned.
    func run(thread: Int) {
        for row in share(of: rowCount, thread) { embed(row) }
        for layer in 0..<configuration.layers {
            attentionPart(weights.layers[layer], layer, thread)
            feedForwardPart(weights.layers[layer], thread)
            keepStreams(behind: layer + 1, thread)
        }
        if wantedCount > 0 { headPart(thread) }
        evolveLogits(thread)
    }

    /// The part of `count` units of work that falls to a thread.
    private func share(of count: Int, _ thread: Int) -> Range<Int> {
        count * thread / threads..<count * (thread + 1) / threads
    }

    // MARK: Parts of the model

    private func embed(_ row: Int) {
        let entry = buffers.rows[row]
        let embedding = weights.embedding
        csk_dequantise(
            embedding.type,
            embedding.rows + Int(entry.token) * embedding.rowByteCount,
            configuration.width,
            buffers.stream + row * configuration.width
        )
        let pairs = frequencies.count
        for pair in 0..<pairs {
            var sine = 0.0
            var cosine = 0.0
            csk_sincos(Double(entry.position) * frequencies[pair], &sine, &cosine)
            buffers.sines[row * pairs + pair] = Float(sine)
            buffers.cosines[row * pairs + pair] = Float(cosine)
        }
    }

    /// Adds attention's output to the stream.
    private func attentionPart(_ layer: ModelWeights.Layer, _ index: Int, _ thread: Int) {
        let c = configuration
        norm(layer.attentionNorm, thread, for: layer.query.input.union(layer.key.input).union(layer.value.input))
        barrier.wait()

        let normed = Columns(buffers.normed, width: c.width, count: rowCount, buffers.inputBlocks)
        let tiles = (layer.query.tileCount, layer.key.tileCount, layer.value.tileCount)
        let mine = share(of: tiles.0 + tiles.1 + tiles.2, thread)
        multiply(layer.query, normed, mine, result(buffers.query, c.queryWidth, layer.queryBias))
        let keyTiles = mine.shifted(by: -tiles.0)
        multiply(layer.key, normed, keyTiles, result(buffers.key, c.keyValueWidth, layer.keyBias))
        let valueTiles = keyTiles.shifted(by: -tiles.1)
        multiply(layer.value, normed, valueTiles, result(buffers.value, c.keyValueWidth, layer.valueBias))
        barrier.wait()

        for row in share(of: rowCount, thread) { storeKeysAndValues(row, index) }
        barrier.wait()

        // Rows of a prompt differ in length, so neighbours go to different threads.
        var item = thread
        while item < rowCount * c.keyValueHeads {
            attend(row: item / c.keyValueHeads, head: item % c.keyValueHeads, index, thread)
            item += threads
        }
        barrier.wait()

        let attended = Columns(buffers.attended, width: c.queryWidth, count: rowCount, buffers.inputBlocks)
        prepare(attended, share(of: rowCount, thread), for: layer.attentionOutput.input)
        barrier.wait()

        let matrix = layer.attentionOutput
        multiply(matrix, attended, share(of: matrix.tileCount, thread), sum(buffers.stream, c.width))
        barrier.wait()
    }

    /// Adds the feed-forward part's output to the stream.
    private func feedForwardPart(_ layer: ModelWeights.Layer, _ thread: Int) {
        let c = configuration
        norm(layer.feedForwardNorm, thread, for: layer.gate.input.union(layer.up.input))
        barrier.wait()

        // A thread computes the same rows of both matrices, whole scales of activations, and quantises them.
        let normed = Columns(buffers.normed, width: c.width, count: rowCount, buffers.inputBlocks)
        let hidden = Columns(buffers.gate, width: c.hiddenWidth, count: rowCount, buffers.hiddenBlocks)
        let unit = layer.down.input == .wideBlocks ? ForwardPass.wideBlock : ForwardPass.block
        let units = share(of: c.hiddenWidth / unit, thread)
        let mine = units.lowerBound * unit..<units.upperBound * unit
        let tiles = mine.lowerBound / Int(CSK_TILE_ROWS)..<mine.upperBound / Int(CSK_TILE_ROWS)
        multiply(layer.gate, normed, tiles, result(buffers.gate, c.hiddenWidth, nil))
        multiply(layer.up, normed, tiles, result(buffers.up, c.hiddenWidth, nil))
        for row in 0..<rowCount {
            let start = row * c.hiddenWidth + mine.lowerBound
            kernels.silu_multiply(buffers.gate + start, buffers.up + start, mine.count, buffers.gate + start)
        }
        prepare(hidden, 0..<rowCount, part: mine, for: layer.down.input)
        barrier.wait()

        multiply(layer.down, hidden, share(of: layer.down.tileCount, thread), sum(buffers.stream, c.width))
        barrier.wait()
    }

    /// Computes the logits of the rows that want them.
    private func headPart(_ thread: Int) {
        let c = configuration
        let mine = share(of: wantedCount, thread)
        for column in mine {
            let row = buffers.stream + buffers.wanted[column] * c.width
            kernels.rms_norm(row, weights.outputNorm, c.width, c.normEpsilon, buffers.normed + column * c.width)
        }
        let normed = Columns(buffers.normed, width: c.width, count: wantedCount, buffers.inputBlocks)
        let matrix = weights.output
        prepare(normed, mine, for: matrix.input)
        barrier.wait()

        let width = Int(matrix.rows)
        let logits = buffers.logits + logitsBase * width
        multiply(matrix, normed, share(of: matrix.tileCount, thread), result(logits, width, nil))
    }

    // MARK: Early exits

    /// Keeps the streams of the rows that want logits if the layer is one that is left early. The next layer writes to
    /// the stream behind barriers only.
    private func keepStreams(behind layer: Int, _ thread: Int) {
        guard let earlyExits, let exit = earlyExits.settings.layers.firstIndex(of: layer) else { return }
        for row in share(of: wantedCount, thread) {
            earlyExits.keep(buffers.stream + buffers.wanted[row] * configuration.width, row: row, exit: exit)
        }
    }

    /// Lets the kept streams move the logits.
    private func evolveLogits(_ thread: Int) {
        guard let earlyExits, wantedCount > 0 else { return }
        barrier.wait()
        let width = Int(weights.output.rows)
        for row in share(of: wantedCount, thread) {
            earlyExits.evolve(buffers.logits + (logitsBase + row) * width, row: row, thread: thread)
        }
    }

    // MARK: Products

    private static let block = Int(CSK_BLOCK)
    private static let wideBlock = 256

    /// The input of products: `count` columns of `width` floats, one after the other, and the same in codes.
    private struct Columns {
        let values: UnsafeMutablePointer<Float>
        let width: Int
        let count: Int
        let blocks: QuantisedColumns

        init(_ values: UnsafeMutablePointer<Float>, width: Int, count: Int, _ blocks: QuantisedColumns) {
            self.values = values
            self.width = width
            self.count = count
            self.blocks = blocks
        }
    }

    /// Norm of the thread's rows of the stream, ready for products.
    private func norm(_ weight: UnsafePointer<Float>, _ thread: Int, for input: ProductInput) {
        let c = configuration
        let mine = share(of: rowCount, thread)
        for row in mine {
            let start = row * c.width
            kernels.rms_norm(buffers.stream + start, weight, c.width, c.normEpsilon, buffers.normed + start)
        }
        prepare(Columns(buffers.normed, width: c.width, count: rowCount, buffers.inputBlocks), mine, for: input)
    }

    /// Brings some of the columns into the forms that products read. `part` limits the work to some of each column's
    /// numbers, whole scales of them.
    private func prepare(_ columns: Columns, _ mine: Range<Int>, part: Range<Int>? = nil, for input: ProductInput) {
        let part = part ?? 0..<columns.width
        guard !mine.isEmpty, !part.isEmpty else { return }
        if input.contains(.narrowBlocks) { quantise(columns, mine, part, isWide: false, columns.blocks.narrow) }
        if input.contains(.wideBlocks) { quantise(columns, mine, part, isWide: true, columns.blocks.wide) }
        if input.contains(.halves) {
            for column in mine {
                kernels.round_to_half(columns.values + column * columns.width + part.lowerBound, part.count)
            }
        }
    }

    private func quantise(
        _ columns: Columns,
        _ mine: Range<Int>,
        _ part: Range<Int>,
        isWide: Bool,
        _ out: UnsafeMutablePointer<csk_block>
    ) {
        kernels.quantise(
            columns.values,
            columns.width,
            columns.count,
            columns.width,
            mine.lowerBound,
            mine.upperBound,
            part.lowerBound / ForwardPass.block,
            part.upperBound / ForwardPass.block,
            isWide,
            out
        )
    }

    /// Those of the tiles that the matrix has, times all columns.
    private func multiply(_ matrix: csk_matrix, _ columns: Columns, _ tiles: Range<Int>, _ result: csk_result) {
        let tiles = tiles.clamped(to: 0..<matrix.tileCount)
        guard !tiles.isEmpty else { return }
        let input = csk_columns(
            blocks: matrix.input == .wideBlocks ? columns.blocks.wide : columns.blocks.narrow,
            values: columns.values,
            stride: columns.width,
            columns: columns.count
        )
        withUnsafePointer(to: matrix) { kernels.matmul($0, input, tiles.lowerBound, tiles.upperBound, result) }
    }

    private func result(
        _ out: UnsafeMutablePointer<Float>,
        _ stride: Int,
        _ bias: UnsafePointer<Float>?
    ) -> csk_result {
        csk_result(out: out, stride: stride, bias: bias, add: false)
    }

    private func sum(_ out: UnsafeMutablePointer<Float>, _ stride: Int) -> csk_result {
        csk_result(out: out, stride: stride, bias: nil, add: true)
    }

    /// Rotates a row's queries and keys, and writes its keys and values to its page.
    private func storeKeysAndValues(_ row: Int, _ layer: Int) {
        let c = configuration
        let entry = buffers.rows[row]
        let pairs = frequencies.count
        let cosines = buffers.cosines + row * pairs
        let sines = buffers.sines + row * pairs
        let interleaved = c.architecture.interleavesRotation
        let key = buffers.key + row * c.keyValueWidth
        let value = buffers.value + row * c.keyValueWidth
        kernels.rotate(buffers.query + row * c.queryWidth, c.heads, c.headSize, pairs, cosines, sines, interleaved)
        kernels.rotate(key, c.keyValueHeads, c.headSize, pairs, cosines, sines, interleaved)
        // Scores are products of binary16 numbers.
        kernels.round_to_half(buffers.query + row * c.queryWidth, c.queryWidth)

        guard let page = entry.pages[entry.position / PagePool.pageTokens] else {
            preconditionFailure("a row without a page")
        }
        let slot = entry.position % PagePool.pageTokens
        for head in 0..<c.keyValueHeads {
            let keys = UnsafeMutableRawPointer(mutating: page + offset(layer, head)).assumingMemoryBound(
                to: UInt16.self
            )
            kernels.store_keys(key + head * c.headSize, c.headSize, slot, keys)
            kernels.store_values(
                value + head * c.headSize,
                c.headSize,
                slot,
                keys + PagePool.pageTokens * c.headSize
            )
        }
    }

    /// Where a layer's key/value head lies in a page, in bytes.
    private func offset(_ layer: Int, _ head: Int) -> Int {
        (layer * configuration.keyValueHeads + head) * headByteCount
    }

    /// Attention of a row's query heads that share a key/value head.
    private func attend(row: Int, head: Int, _ layer: Int, _ thread: Int) {
        let c = configuration
        let entry = buffers.rows[row]
        let group = c.heads / c.keyValueHeads
        let start = row * c.queryWidth + head * group * c.headSize
        var attention = csk_attention()
        attention.pages = UnsafePointer(entry.pages)
        attention.offset = offset(layer, head)
        attention.length = entry.position + 1
        attention.head_size = c.headSize
        attention.heads = group
        attention.query = UnsafePointer(buffers.query + start)
        attention.out = buffers.attended + start
        attention.scale = 1 / Float(c.headSize).squareRoot()
        attention.scores = buffers.scores + thread * group * buffers.scoreStride
        attention.score_stride = buffers.scoreStride
        kernels.attend(&attention)
    }
}

extension Range<Int> {
    fileprivate func shifted(by distance: Int) -> Range<Int> {
        lowerBound + distance..<upperBound + distance
    }
}
