internal import ArgumentParser
internal import CascadeCore
internal import CascadeModelFetch
internal import CascadeTransport
internal import CascadeWire
internal import Foundation

/// `cascade doctor`
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check this machine, and say what is wrong and how to fix it.",
        discussion: """
            Checks the processor, the kernels, cores, memory, huge pages, model files with their hashes, libraries, \
            settings in the environment and the coordinator's endpoint. Each line is ok, warning or problem; exit code \
            1 if one is a problem.

            EXAMPLES
              cascade doctor
              cascade doctor --no-hash --json
            """
    )

    @OptionGroup var endpoint: EndpointOptions

    @Flag(help: "Do not compute the hashes of model files.")
    var noHash = false

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable {
        var build: String
        var ok: Bool
        var problems: Int
        var warnings: Int
        var checks: [DoctorCheck]
    }

    func run() async throws {
        let fetcher = try ModelLocation.fetcher()
        var checks = ProcessorChecks.all()
        checks += MemoryChecks.all(fetcher)
        checks += await ModelFileChecks.all(fetcher, hashes: !noHash)
        checks.append(
            .ok("libraries", "libzmq \(ZeroMQLibrary.version), protobuf-c \(ProtobufLibrary.version)")
        )
        checks.append(Self.settings(ProcessInfo.processInfo.environment))
        checks.append(await EndpointChecks.check(endpoint))
        let report = Report(
            build: BuildInfo.version,
            ok: checks.allSatisfy { $0.state != .problem },
            problems: checks.count { $0.state == .problem },
            warnings: checks.count { $0.state == .warning },
            checks: checks
        )
        if json { try Output.json(report) } else { try show(report) }
        if !report.ok { throw ExitCode(1) }
    }

    /// Whether the environment has settings that nothing reads.
    static func settings(_ environment: [String: String]) -> DoctorCheck {
        let found = SettingsMerge.misspellings(environment: environment, help: Cascade._dumpHelp())
        guard !found.isEmpty else { return .ok("settings", "every CASCADE_… variable of the environment is known") }
        return .warning(
            "settings",
            found.map(\.words).joined(separator: "; "),
            advice: "every option has its variable: --endpoint is CASCADE_ENDPOINT; 'cascade COMMAND --help' lists them"
        )
    }

    private func show(_ report: Report) throws {
        let width = report.checks.map(\.name.count).max() ?? 0
        for check in report.checks {
            let state = check.state.rawValue.padding(toLength: 9)
            try Output.line(state + check.name.padding(toLength: width + 2) + check.message)
            if let advice = check.advice {
                try Output.line("         " + "".padding(toLength: width + 2) + "→ " + advice)
            }
        }
        try Output.line(
            report.problems + report.warnings == 0
                ? "all is well" : "\(plural(report.problems, "problem")), \(plural(report.warnings, "warning"))"
        )
    }
}

extension String {
    /// The text with spaces behind it up to a length.
    fileprivate func padding(toLength length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
