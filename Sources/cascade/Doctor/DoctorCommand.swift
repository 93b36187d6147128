internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
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

/// One thing that `cascade doctor` looked at.
struct DoctorCheck: Equatable {
    /// How it is.
    enum State: String, Encodable {
        /// As it should be.
        case ok
        /// The service runs, but worse than it could, or something that may be wanted is not there.
        case warning
        /// The service, or a part of it, will not run.
        case problem
    }

    /// What was looked at, e.g. `memory`.
    var name: String
    /// How it is.
    var state: State
    /// What was found.
    var message: String
    /// What to do; nil where nothing needs doing.
    var advice: String?

    /// Nothing needs doing.
    static func ok(_ name: String, _ message: String) -> DoctorCheck {
        DoctorCheck(name: name, state: .ok, message: message, advice: nil)
    }

    /// It goes on, but `advice` helps.
    static func warning(_ name: String, _ message: String, advice: String) -> DoctorCheck {
        DoctorCheck(name: name, state: .warning, message: message, advice: advice)
    }

    /// It does not go on without `advice`.
    static func problem(_ name: String, _ message: String, advice: String) -> DoctorCheck {
        DoctorCheck(name: name, state: .problem, message: message, advice: advice)
    }
}

extension DoctorCheck: Encodable {
    private enum CodingKeys: CodingKey {
        case name, state, message, advice
    }

    /// As JSON: every key every time, `advice` null where there is none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(state, forKey: .state)
        try container.encode(message, forKey: .message)
        try container.encode(Nullable(advice), forKey: .advice)
    }
}
