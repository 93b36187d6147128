internal import ArgumentParser
internal import CCascadeBuild
internal import CCascadeHost
internal import CascadeHost
internal import Foundation

/// The one binary: every role and every client command is a subcommand.
@main
struct Cascade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cascade",
        abstract: "Serve text from two language models by speculative cascades.",
        discussion: """
            A small drafter proposes tokens, a large expert scores them all in one pass, and a rule decides which \
            stand. Drafters, experts and the coordinator are separate processes.

            EXAMPLES
              cascade up                                  a whole cluster on this machine, default pair
              cascade submit "Write a haiku about rain."  stream an answer
              cascade submit --rule token-v3 --alpha 0.3 --json "…"
              cascade expert --model big.gguf --endpoint tcp://10.0.0.1:5570

            Every option has an environment variable of the same name: --endpoint is CASCADE_ENDPOINT.
            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cluster unreachable, 4 refused, 124 a job's deadline \
            passed, 130 interrupted (143 by SIGTERM, 129 by SIGHUP), 141 nobody reads the output.
            """,
        version: BuildInfo.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Cluster",
                subcommands: [
                    UpCommand.self, DownCommand.self, HealthCommand.self, CoordinatorCommand.self, DrafterCommand.self,
                    ExpertCommand.self, GatewayCommand.self, JoinCommand.self, KeysCommand.self,
                ]
            ),
            CommandGroup(
                name: "Jobs",
                subcommands: [
                    SubmitCommand.self, WatchCommand.self, ResultCommand.self, StatusCommand.self, CancelCommand.self,
                    JobsCommand.self, NodesCommand.self,
                ]
            ),
            CommandGroup(
                name: "Models and checks",
                subcommands: [
                    ModelCommand.self, BenchCommand.self, EvalCommand.self, TuneCommand.self, DoctorCommand.self,
                    SimulateCommand.self,
                ]
            ),
        ]
    )

    static func main() async {
        StandardStreams.fillGaps()
        _ = IgnoredSignals.atStart
        // A reader that goes away (`cascade submit … | head`) must not kill the process by signal: its job is
        // cancelled.
        signal(SIGPIPE, SIG_IGN)
        // Whoever started this process may have ignored it: the system would then forget how children end.
        signal(SIGCHLD, SIG_DFL)
        do throws(CommandFailure) {
            do {
                try await perform()
            } catch let failure as CommandFailure {
                throw failure
            } catch let error as HostError {
                throw CommandFailure.failed("\(error)")
            } catch {
                try show(parserError: error)
            }
        } catch {
            let failure = Interrupts.outcome(error)
            Lifeline.say(.failed(failure.message, mayPass: failure.mayPass))
            if !failure.message.isEmpty { Output.error(failure.message) }
            Foundation.exit(failure.code)
        }
    }

    private static func perform() async throws {
        let environment = ProcessInfo.processInfo.environment
        try TextInput.checkArguments(environment.keys)
        // Processes that this program starts have the same environment, and one warning is enough.
        if !Lifeline.isThere {
            for one in SettingsMerge.misspellings(environment: environment, help: _dumpHelp()) {
                Output.note("cascade: \(Printable.line(one.words))")
            }
        }
        var command = try parse(ProgramArguments.texts, environment: environment)
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
    }

    /// Parses a command line, with options from the environment. An error that a variable causes names the variable:
    /// nobody typed the option. One about a word with a dash in front says how such a text is given.
    static func parse(_ arguments: [String], environment: [String: String]) throws -> any ParsableCommand {
        let (depth, added) = try SettingsMerge.additions(to: arguments, environment: environment, help: _dumpHelp())
        do {
            return try parseAsRoot(SettingsMerge.insert(added, into: arguments, at: depth))
        } catch  where exitCode(for: error) == .validationFailure {
            let message = self.message(for: error)
            if let joined = joinNegative(arguments, message) { return try parse(joined, environment: environment) }
            let culprit =
                added.first { one in
                    let others = added.filter { $0 != one }
                    return (try? parseAsRoot(SettingsMerge.insert(others, into: arguments, at: depth))) != nil
                } ?? added.first { message.contains("'\($0.argument.prefix { $0 != "=" }) ") }
            if let culprit {
                let value = environment[culprit.variable] ?? ""
                throw CommandFailure.usage("\(culprit.variable) is '\(value)' in the environment: \(message)")
            }
            // What looks like an option is one that is misspelled.
            let text = arguments.first { argument in
                (message.hasPrefix("Unknown option '\(argument)'") || message == "Invalid option: \(argument)")
                    && (!argument.hasPrefix("--") || argument.contains(where: \.isWhitespace))
            }
            guard let text, let verb = arguments.first else { throw error }
            throw CommandFailure.usage(
                "\(message)\(message.hasSuffix("?") ? "" : ";") put '--' before a text that begins with '-', as in: "
                    + "cascade \(verb) -- '\(text)'"
            )
        }
    }

    /// `--limit -1` as `--limit=-1`, where the parser takes the number for an option and misses the value: what is
    /// wrong is the number. Nil where something else is missing.
    private static func joinNegative(_ arguments: [String], _ message: String) -> [String]? {
        let start = "Missing value for '"
        guard message.hasPrefix(start) else { return nil }
        let option = String(message.dropFirst(start.count).prefix { $0 != " " && $0 != "'" })
        guard let index = arguments.firstIndex(of: option), index + 1 < arguments.count,
            DecimalNumber.value(arguments[index + 1]) != nil
        else { return nil }
        return arguments[..<index] + ["\(option)=\(arguments[index + 1])"] + arguments[(index + 2)...]
    }

    /// Prints what ArgumentParser has to say (help and version are "errors" too) and ends with this program's exit
    /// codes.
    private static func show(parserError error: any Error) throws(CommandFailure) {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if code == .success { return try Output.line(text) }
        if !text.isEmpty { Output.note(text) }
        Foundation.exit(code == .validationFailure ? 2 : 1)
    }
}

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

/// What this program was called with, its own name left out. Swift's `CommandLine` looks for it in /proc, and finds
/// nothing where that is not mounted: a command would be taken for none.
enum ProgramArguments {
    /// As text; bytes that are no UTF-8 show as the replacement character.
    static let texts = bytes.map { String(decoding: $0, as: UTF8.self) }

    /// As they are.
    static let bytes: [[UInt8]] = {
        var result: [[UInt8]] = []
        guard var next = csh_arguments() else { return result }
        while let argument = next.pointee {
            result.append(UnsafeBufferPointer(start: argument, count: strlen(argument)).map(UInt8.init(bitPattern:)))
            next += 1
        }
        return Array(result.dropFirst())
    }()
}

/// `cascade jobs` is `cascade jobs list`: help of the one has to show the options of the other.
enum DefaultVerb {
    /// The options of the verb that may be left out, as the help of its group shows them.
    static func options<Verb: ParsableCommand>(_ verb: Verb.Type) -> String {
        let help = Verb.helpMessage(columns: 78)
        guard let start = help.firstRange(of: "OPTIONS:") else { return "" }
        let name = Verb.configuration.commandName ?? ""
        return "OPTIONS OF '\(name)', WHICH MAY BE LEFT OUT" + help[start.upperBound...].trimmingSuffix(\.isNewline)
    }
}

extension StringProtocol {
    /// The text without the characters at its end that match.
    fileprivate func trimmingSuffix(_ matches: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, matches(self[index(before: end)]) { end = index(before: end) }
        return self[startIndex..<end]
    }
}
