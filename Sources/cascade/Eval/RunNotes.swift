internal import CascadeHost
internal import CascadeNode
internal import Foundation

/// With what a report was made, for whoever reads it.
enum RunNotes {
    /// The command, the program and the machine, each a line of Markdown.
    static func lines() -> [String] {
        let processor =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingPrefix { $0 == " " } } ?? "unknown processor"
        let command = ProgramArguments.texts.map { $0.contains(" ") ? "'\($0)'" : $0 }
        return [
            "- `cascade \(command.joined(separator: " "))`",
            "- cascade \(BuildInfo.version); \(processor), \(AvailableCores.count()) cores",
        ]
    }
}
