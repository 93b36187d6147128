/// Where random numbers come from: the seam that lets a test hand out each possible number in turn and so enumerate the
/// exact law of everything that is built on top.
///
/// The same key always yields the same number.
package protocol DrawSource: Sendable {
    /// The number of `key`, uniform in the open interval (0, 1).
    func uniform(_ key: DrawKey) -> Double

    /// Index in `row` of a token drawn from it by an exponential race under `key`.
    ///
    /// Token v arrives at time E_v / row(v), where E_v = -ln(1 - u) is exponential and u is the number of
    /// `key.entrant(v)`; the first to arrive wins, of equals the lower id. A small change of the row seldom changes
    /// the winner, and a token's number does not depend on which other tokens are in the row.
    func race(_ row: Distribution, _ key: DrawKey) -> Int
}
