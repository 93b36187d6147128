internal import CCascadeBuild

/// What this program is, for `--version`, hello messages and reports.
enum BuildInfo {
    /// The release's number.
    static let number = "0.1.0"

    /// Number and commit, e.g. `0.1.0 (1a2b3c4)`.
    static let version = "\(number) (\(String(cString: cascade_build_commit()).prefix(12)))"

    /// Whether this is a debug build, whose speed says nothing.
    static let isDebug: Bool = {
        #if DEBUG
            true
        #else
            false
        #endif
    }()
}
