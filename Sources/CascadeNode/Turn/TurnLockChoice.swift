internal import Foundation

/// Which file processes take turns by, if any.
package enum TurnLockChoice: Equatable, Sendable {
    /// One of this user's, by the cores that the process may use, unless its threads leave half of them free.
    case automatic
    /// This file.
    case file(String)
    /// No turns.
    case none

    /// Reads `auto`, `none` or a path.
    package init(_ text: String) {
        switch text {
        case "auto": self = .automatic
        case "none": self = .none
        default: self = .file(text)
        }
    }

    /// The file for a process with that many threads; nil where it takes no turns.
    func path(threads: Int) -> String? {
        switch self {
        case .none: return nil
        case .file(let path): return path
        case .automatic:
            // Two such processes have room beside each other.
            guard 2 * threads > AvailableCores.inMask else { return nil }
            let cores = HostCores.mask.map { $0.isNumber ? $0 : "-" }
            let name = "cascade-turn-\(getuid())-\(String(cores)).lock"
            return FileManager.default.temporaryDirectory.appending(path: name).path
        }
    }
}
