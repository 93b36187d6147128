/// How long everybody in a cluster waits before something that takes time is called stuck.
package enum Patience {
    /// How long work may get nowhere.
    package static let stallMilliseconds: UInt64 = 5_000
    /// How long a large model may take to load from a slow disk.
    package static let loadingMilliseconds: UInt64 = 600_000
}
