internal import Foundation

/// What a test may need of the machine. Where it is missing the test is skipped, unless `CASCADE_REQUIRE` (a list with
/// commas) names it: then the test runs, and fails.
package enum Requirement: String, CaseIterable, Sendable {
    case models
    case netns
    case strace
    case containers
    case browser

    /// Whether `CASCADE_REQUIRE` names it.
    package var isSet: Bool {
        let list = ProcessInfo.processInfo.environment["CASCADE_REQUIRE"] ?? ""
        return list.split(separator: ",").contains { $0.filter { !$0.isWhitespace } == rawValue }
    }
}
