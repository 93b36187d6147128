internal import Foundation

/// Command-line tools by name.
enum Executable {
    /// The path of `name` in the folders of `environment`'s `PATH`; nil if it is in none.
    static func find(_ name: String, environment: [String: String]) -> String? {
        (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
            .map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
