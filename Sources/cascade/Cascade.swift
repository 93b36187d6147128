internal import ArgumentParser
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
            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 cluster unreachable, 4 refused, 130 interrupted.
            """,
        version: BuildInfo.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Cluster",
                subcommands: [
                    UpCommand.self, DownCommand.self, HealthCommand.self, CoordinatorCommand.self, DrafterCommand.self,
                    ExpertCommand.self, JoinCommand.self, KeysCommand.self,
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
        // A reader that goes away (`cascade submit … | head`) must not kill the process by signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            let environment = ProcessInfo.processInfo.environment
            try TextInput.checkArguments(environment.keys)
            let arguments = try SettingsMerge.merge(
                arguments: Array(CommandLine.arguments.dropFirst()),
                environment: environment,
                help: Cascade._dumpHelp()
            )
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Lifeline.say(.failed(failure.message, mayPass: failure.mayPass))
            Output.error(failure.message)
            Foundation.exit(failure.code)
        } catch {
            finish(parserError: error)
        }
    }

    /// Prints what ArgumentParser has to say (help and version are "errors" too) with this program's exit codes.
    private static func finish(parserError error: any Error) -> Never {
        let code = exitCode(for: error)
        let text = fullMessage(for: error)
        if code == .success {
            print(text)
            Foundation.exit(0)
        }
        Output.error(text, prefix: false)
        Foundation.exit(code == .validationFailure ? 2 : 1)
    }
}
