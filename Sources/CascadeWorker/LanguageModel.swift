package import CascadeConstraint
package import CascadeCore
package import CascadeRules

/// A sequence's KV cache in a ``LanguageModel``, as llama.cpp's `llama_seq_id` names one.
package typealias CacheID = Int

/// A causal language model with KV caches, as a ``Worker`` drives it: it feeds tokens to many sequences in one pass and
/// reads the output rows that it asked for.
///
/// A row depends on the tokens before it alone: neither on what else is in the pass nor on how the tokens were split
/// over passes. Caches take their memory in pages; a model that has none says that a page is one token.
package protocol LanguageModel {
    /// What the model says of the next token.
    associatedtype Row: OutputRow

    /// Tokens of a page.
    var pageTokens: Int { get }
    /// Pages of all caches together.
    var pageCount: Int { get }
    /// Pages that no cache holds.
    var freePages: Int { get }

    /// Makes an empty cache.
    mutating func openCache() -> CacheID
    /// Returns a cache's pages and forgets it.
    mutating func closeCache(_ cache: CacheID)
    /// The tokens that were fed to a cache.
    func tokens(in cache: CacheID) -> [Token]
    /// Chain hash of the first `length` tokens of a cache, see `PrefixHash`.
    func hash(ofFirst length: Int, in cache: CacheID) -> Hash128
    /// Forgets the tokens of a cache from position `length` on; nothing happens where there are none.
    mutating func truncate(_ cache: CacheID, to length: Int)
    /// Takes over what other caches have computed of the tokens that come next. Returns how many of `next` the cache
    /// now holds beyond those before.
    mutating func adopt(_ next: ArraySlice<Token>, into cache: CacheID) -> Int

    /// Runs one pass: feeds each entry's tokens at the end of its cache. A cache may be in one entry only. When this
    /// throws, nothing was fed.
    ///
    /// - Returns: milliseconds that it took.
    mutating func forward(_ batch: [BatchEntry]) throws(ForwardError) -> Double
    /// An output row of the last pass: `row` counts from the first that its `entry` of the batch asked for.
    func row(_ row: Int, of entry: Int) throws(ForwardError) -> Row
    /// What its tokens stand for, for constraints; nil where that is nothing. Asked for once, when there is a first
    /// constraint.
    func constraintVocabulary() -> ConstraintVocabulary?
}

extension LanguageModel {
    /// None.
    package func constraintVocabulary() -> ConstraintVocabulary? { nil }

    /// Tokens of the pages that caches hold.
    package var usedTokens: Int { (pageCount - freePages) * pageTokens }
}

/// What a pass feeds to one cache.
package struct BatchEntry {
    /// The cache.
    package let cache: CacheID
    /// The tokens, at least one.
    package let tokens: ArraySlice<Token>
    /// How many output rows are wanted: those behind the last `outputs` of the tokens; 0 for none.
    package let outputs: Int

    /// Creates an entry.
    package init(cache: CacheID, tokens: ArraySlice<Token>, outputs: Int) {
        self.cache = cache
        self.tokens = tokens
        self.outputs = outputs
    }
}

/// Why a pass could not run, or a row not be read.
package enum ForwardError: Error, Equatable {
    /// The pass needs more pages than are free.
    case cacheFull(pagesNeeded: Int)
    /// Anything else, in words.
    case failed(String)

    /// In words for the coordinator.
    var text: String {
        switch self {
        case .cacheFull(let pages): "the cache is full: \(pages) more pages are needed"
        case .failed(let words): words
        }
    }
}

/// What a model says of the token behind a prefix: the numbers that a request's sampling and rule ask for.
package protocol OutputRow {
    /// Largest probability of any token, before temperature and truncation.
    var maximumProbability: Double { get }
    /// The distribution that is sampled from; `support`, where there is one, is the most entries that it may have.
    func distribution(_ spec: SequenceSpec, support: Int?) -> Distribution
    /// What the rule reads of this row of the expert, whose processed distribution is `processed`.
    func gate(_ rule: RuleSettings, draft: DraftedPosition, processed: Distribution) -> GateRow
    /// What the rule reads of this row of the drafter, where `token` was drawn from `processed`.
    func draftGate(_ rule: RuleSettings, token: Token, processed: Distribution) -> DraftGate
    /// The row that penalties and bias leave of this one; all of the above is asked of that. The model's own may be
    /// forgotten.
    func adjusted(by adjustment: LogitsAdjustment) -> Self
    /// The row of the tokens that a mask allows, which comes behind penalties and bias; all of the above is asked of
    /// that, and no other token has a probability. Nil where the model's head has none of them.
    func masked(by mask: TokenMask) -> Self?
    /// What the model itself says, before sampling settings: of `tokens` in their order, and of the `limit` likeliest
    /// tokens, the likeliest first, of equals the lowest. See ``CascadeCore/Logprobs``.
    func logprobs(of tokens: [Token], top limit: Int, _ spec: SequenceSpec) -> (of: [RankedLogprob], top: [TopLogprob])
}
