package import CascadeTransport

/// What a coordinator that demands keys has: its own, and the list of those that it takes.
package struct CoordinatorKeys: Sendable {
    /// Its own.
    package var pair: KeyPair
    /// Those that it takes.
    package var allowList: AllowList

    /// Creates the value from its parts.
    package init(pair: KeyPair, allowList: AllowList) {
        self.pair = pair
        self.allowList = allowList
    }
}
