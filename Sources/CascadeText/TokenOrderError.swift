/// A list of tokens by frequency has an entry that is no token.
package struct TokenOrderError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry.
    package var word: String
    /// Which entry it is, from 1 on.
    package var position: Int
    /// Number of tokens that there are.
    package var vocabularyCount: Int

    package var description: String {
        "entry \(position): expected a token id from 0 to \(vocabularyCount - 1), found '\(word.prefix(40))'"
    }
}
