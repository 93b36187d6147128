package import CascadeCore

/// One sequence's part of a pass: tokens to feed at the end of its cache, and how many of them are to be answered.
package struct Segment {
    /// The sequence.
    package var cache: SequenceCache
    /// Tokens to feed; may not be empty.
    package var tokens: ArraySlice<Token>
    /// Rows of logits wanted: those after the last `logits` of the tokens; 0 for none.
    package var logits: Int

    /// Creates a segment of a part of an array, which is not copied.
    package init(cache: SequenceCache, tokens: ArraySlice<Token>, logits: Int) {
        self.cache = cache
        self.tokens = tokens
        self.logits = logits
    }

    /// Creates a segment of all tokens of an array.
    package init(cache: SequenceCache, tokens: [Token], logits: Int) {
        self.init(cache: cache, tokens: tokens[...], logits: logits)
    }
}
