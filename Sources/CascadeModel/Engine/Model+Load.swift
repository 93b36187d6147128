internal import CCascadeKernels
internal import CascadeCore
internal import Dispatch

extension Model {
    /// Maps the file, checks it, and repacks its weights on all cores; the file's pages are given back as they are
    /// used up, so memory stays near the weights' size. Embedding rows stay in the file.
    ///
    /// `progress` is called on the calling thread with the share of work done, from 0 to 1.
    package static func load(
        path: String,
        progress: (Double) -> Void = { _ in }
    ) throws(ModelError) -> Model {
        try load(wrapped { () throws(GGUFError) in try GGUFFile(path: path) }, progress: progress)
    }

    /// Takes the weights of a file that is open already; see ``load(path:progress:)``.
    package static func load(
        _ file: GGUFFile,
        progress: (Double) -> Void = { _ in }
    ) throws(ModelError) -> Model {
        let configuration = try ModelConfiguration(file)
        let plan = try WeightPlan(file: file, configuration: configuration)
        let memory = try MappedMemory(byteCount: plan.byteCount, purpose: "the weights of \(file.path)")
        var hasher = Hasher128()
        hasher.combine(file.headerHash.high)
        hasher.combine(file.headerHash.low)
        let embeddingBytes = plan.embedding.byteCount
        let total = Double(plan.byteCount + embeddingBytes)
        progress(0)
        hash(file.bytes(of: plan.embedding), into: &hasher)
        file.dropPages(of: plan.embedding)
        var done = embeddingBytes
        for (index, name) in plan.order.enumerated() {
            guard let item = plan.items[name] else { continue }
            progress(Double(done) / total)
            try copy(item, of: file, to: memory.base, hasher: &hasher)
            let next = index + 1 < plan.order.count ? plan.items[plan.order[index + 1]]?.offset : nil
            done = embeddingBytes + (next ?? plan.byteCount)
        }
        progress(1)
        return Model(
            file: file,
            configuration: configuration,
            fingerprint: hasher.finish(),
            weights: plan.weights(at: memory.base),
            memory: memory
        )
    }

    /// Rows of one unit of parallel work; part of the fingerprint's definition.
    private static let chunkRows = 512

    private static func copy(
        _ item: WeightPlan.Item,
        of file: GGUFFile,
        to base: UnsafeMutableRawPointer,
        hasher: inout Hasher128
    ) throws(ModelError) {
        let source = file.bytes(of: item.tensor)
        switch item.kind {
        case .vector:
            let values = UnsafeMutableRawBufferPointer(start: base + item.offset, count: source.count)
            values.copyMemory(from: source)
            hasher.combine(bytes: source)
            guard values.bindMemory(to: Float.self).allSatisfy(\.isFinite) else { throw broken(item.tensor, file) }
        case .matrix:
            // Sound: the file's bytes are only read, and chunks are written to tiles of their own.
            nonisolated(unsafe) let rows = source.baseAddress
            nonisolated(unsafe) let tiles = base + item.offset
            let (type, rowCount, rowLength) = (item.type, item.tensor.rowCount, item.tensor.rowLength)
            let isSound = inChunks(of: source, rowByteCount: item.tensor.rowByteCount, into: &hasher) { chunk in
                let last = (chunk.upperBound + CSK_TILE_ROWS - 1) / CSK_TILE_ROWS
                return csk_repack(type, rows, rowCount, rowLength, chunk.lowerBound / CSK_TILE_ROWS, last, tiles)
            }
            guard isSound else { throw broken(item.tensor, file) }
        }
        file.dropPages(of: item.tensor)
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, into hasher: inout Hasher128) {
        _ = inChunks(of: bytes, rowByteCount: 4_096, into: &hasher) { _ in true }
    }

    /// Calls `work` with ranges of rows on all cores, hashes each range's bytes, and takes the hashes in in order.
    /// Whether all calls returned true.
    private static func inChunks(
        of bytes: UnsafeRawBufferPointer,
        rowByteCount: Int,
        into hasher: inout Hasher128,
        _ work: @Sendable (Range<Int>) -> Bool
    ) -> Bool {
        let rows = (bytes.count + rowByteCount - 1) / rowByteCount
        let chunks = (rows + chunkRows - 1) / chunkRows
        return withUnsafeTemporaryAllocation(of: (hash: Hash128, isSound: Bool).self, capacity: chunks) { results in
            // Sound: every chunk reads its own bytes and writes its own result.
            nonisolated(unsafe) let (bytes, slots) = (bytes, results)
            DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
                let first = chunk * chunkRows
                let last = min(rows, first + chunkRows)
                var chunkHasher = Hasher128()
                let end = min(bytes.count, last * rowByteCount)
                chunkHasher.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes[first * rowByteCount..<end]))
                slots.initializeElement(at: chunk, to: (chunkHasher.finish(), work(first..<last)))
            }
            var isSound = true
            for result in results {
                hasher.combine(result.hash.high)
                hasher.combine(result.hash.low)
                isSound = isSound && result.isSound
            }
            return isSound
        }
    }

    private static func broken(_ tensor: GGUFTensor, _ file: GGUFFile) -> ModelError {
        .tensor(path: file.path, name: tensor.name, expected: "finite weights", found: "an infinite one or no number")
    }
}
