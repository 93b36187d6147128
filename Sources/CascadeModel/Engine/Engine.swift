internal import CascadeCore

/// Computes next-token logits for many sequences, any mixture of prompts, drafts and single tokens in one pass.
///
/// A row's logits depend on the model, on its SLED settings and on the tokens before it, to the bit: not on what else
/// is in the pass, how the tokens were split over passes, nor on threads or kernel set. Not `Sendable`: belongs to the
/// thread that made it; its other threads sleep between passes.
package final class Engine {
    /// The model.
    package let model: Model
    /// How it is set up.
    package let options: EngineOptions
    /// Name of the kernel set in use.
    package let kernelName: String
    /// The longest sequence: what the model and the KV cache allow.
    package let maximumLength: Int

    /// The kernels, for the passes over logits.
    let kernels: KernelSet
    private let pool: PagePool
    private let pass: ForwardPass
    private let crew: WorkerCrew
    /// First row of logits of each segment of the last call, and how many it has.
    private var answers: [Range<Int>] = []
    /// Counts calls, so that a cache that is in one twice is found.
    private var calls: UInt64 = 0

    /// Allocates all memory and starts the threads; `kernels` defaults to the best set for this machine.
    package init(model: Model, options: EngineOptions, kernels: KernelSet? = nil) throws(ModelError) {
        if let problem = options.problem { throw .invalidRequest(problem) }
        let set: KernelSet
        if let kernels { set = kernels } else { set = try KernelSet.selected() }
        self.model = model
        self.options = options
        self.kernels = set
        kernelName = set.name
        pool = try PagePool(tokens: options.contextTokens, configuration: model.configuration)
        maximumLength = min(model.configuration.contextLength, pool.count * PagePool.pageTokens)
        let buffers = try PassBuffers(
            PassBuffers.Layout(
                configuration: model.configuration,
                headCount: model.headCount,
                maximumRows: options.maximumRows,
                maximumLogits: options.maximumLogits,
                threads: options.threads,
                longest: maximumLength
            )
        )
        var earlyExits: EarlyExits?
        if let sled = options.sled {
            earlyExits = try EarlyExits(
                sled,
                model: model,
                kernels: set,
                maximumRows: min(options.maximumRows, options.maximumLogits),
                threads: options.threads
            )
        }
        let pass = ForwardPass(
            model: model,
            kernels: set,
            buffers: buffers,
            earlyExits: earlyExits,
            threads: options.threads,
            headByteCount: pool.headByteCount
        )
        self.pass = pass
        crew = try WorkerCrew(count: options.threads) { pass.run(thread: $0) }
    }

    /// Tokens of a page of the KV cache.
    package static var pageTokens: Int { PagePool.pageTokens }

    /// Pages of the KV cache.
    package var pageCount: Int { pool.count }

    /// Pages that no sequence holds, those among them that are kept for sequences to come included.
    package var pagesFree: Int { pool.freeCount }

    /// Pages that no sequence holds but whose tokens may come again.
    package var pagesCached: Int { pool.cachedCount }

    /// A new, empty sequence.
    package func makeCache() -> SequenceCache {
        SequenceCache(pool: pool, limit: maximumLength)
    }

    /// Feeds every segment's tokens at the end of its cache and computes the logits asked for.
    ///
    /// All is checked first: when this throws, nothing was computed and no cache has changed. A cache may appear in one
    /// segment only.
    package func forward(_ segments: [Segment]) throws(ModelError) {
        try check(segments)
        answers.removeAll(keepingCapacity: true)
        var nextLogits = 0
        pass.rowCount = 0
        pass.wantedCount = 0
        pass.logitsBase = 0
        for segment in segments {
            let start = segment.cache.length
            segment.cache.append(segment.tokens)
            for (index, token) in segment.tokens.enumerated() {
                if pass.rowCount == options.maximumRows { flush() }
                let row = PassRow(token: token, position: start + index, pages: segment.cache.pages)
                (pass.buffers.rows + pass.rowCount).initialize(to: row)
                if index >= segment.tokens.count - segment.logits {
                    (pass.buffers.wanted + pass.wantedCount).initialize(to: pass.rowCount)
                    pass.wantedCount += 1
                }
                pass.rowCount += 1
            }
            answers.append(nextLogits..<nextLogits + segment.logits)
            nextLogits += segment.logits
        }
        flush()
        for segment in segments { segment.cache.shareFullPages() }
    }

    /// The logits after one of the last call's tokens: row 0 is the first of the segment's `logits` tokens. One float
    /// for each token of the vocabulary, or of the model's ``Model/headTokens``; valid until the next call.
    package func logits(segment: Int, row: Int) -> UnsafeBufferPointer<Float> {
        let rows = answers[segment]
        precondition(rows.indices.contains(rows.lowerBound + row), "row \(row) of \(rows.count)")
        let width = model.headCount
        return UnsafeBufferPointer(start: pass.buffers.logits + (rows.lowerBound + row) * width, count: width)
    }

    /// Computes the rows collected so far.
    private func flush() {
        guard pass.rowCount > 0 else { return }
        crew.run()
        pass.logitsBase += pass.wantedCount
        pass.rowCount = 0
        pass.wantedCount = 0
    }

    private func check(_ segments: [Segment]) throws(ModelError) {
        calls += 1
        var pages = 0
        var logits = 0
        for segment in segments {
            guard segment.cache.pool === pool else { throw .invalidRequest("a segment's cache is another engine's") }
            guard segment.cache.lastCall != calls else {
                throw .invalidRequest("a cache appears in two segments of one pass")
            }
            segment.cache.lastCall = calls
            guard !segment.tokens.isEmpty else { throw .invalidRequest("a segment has no tokens") }
            guard 0...segment.tokens.count ~= segment.logits else {
                throw .invalidRequest("\(segment.logits) rows of logits wanted of \(segment.tokens.count) tokens")
            }
            let vocabulary = model.configuration.vocabulary
            if let token = segment.tokens.first(where: { $0 >= vocabulary }) {
                throw .invalidToken(token, vocabulary: vocabulary)
            }
            let length = segment.cache.length + segment.tokens.count
            guard length <= maximumLength else { throw .contextFull(length: length, limit: maximumLength) }
            pages += segment.cache.missingPages(for: segment.tokens.count)
            logits += segment.logits
        }
        guard logits <= options.maximumLogits else {
            throw .tooManyLogits(requested: logits, limit: options.maximumLogits)
        }
        guard pages <= pool.freeCount else { throw .cacheFull(pagesNeeded: pages, pagesFree: pool.freeCount) }
    }
}
