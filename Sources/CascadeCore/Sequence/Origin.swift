/// Where a committed token came from.
package enum Origin: UInt8, CaseIterable, Sendable {
    /// Drafted, and accepted by the coin.
    case matched = 1
    /// Drafted, and the rule let it stand.
    case kept = 2
    /// The expert's own: recovered or bonus.
    case expert = 3
}
