internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

/// `cascade watch`
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Stream a job's answer from its beginning, until the job ends.",
        discussion: """
            For jobs that were submitted with --detach, or whose client went away. Ctrl-C, other signals and an output \
            that nobody reads any more end this command, not the job; 'cascade cancel' ends the job.

            EXAMPLES
              cascade watch 0f3a5c7712e4b9d8
              cascade watch --json $(cascade submit --detach "…")
            """
    )

    @Argument(help: "The job's id.")
    var job: String

    @Flag(help: "Wait for the end and print one JSON object, as 'cascade submit' does.")
    var json = false

    @Option(
        help: "Seconds to wait for a coordinator that does not answer (default: 15).",
        transform: Seconds.parse
    )
    var timeout: Seconds = 15

    @OptionGroup var answer: AnswerOptions
    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        let id = try JobArgument.parse(job)
        try await endpoint.withClient(patience: timeout.value) { client in
            let interrupts = Interrupts(watchesOutput: true) { client.inject(.interrupted) }
            defer { withExtendedLifetime(interrupts) {} }
            var follower = AnswerFollower(client: client, job: id, patience: timeout.value)
            var printer = AnswerPrinter(
                endpoint: endpoint.endpoint,
                json: json,
                options: answer,
                interrupts: interrupts
            )
            let report = try await follower.run { printer.show($0) }
            try printer.finish(report)
        }
    }
}
