internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

/// `cascade result`
struct ResultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "result",
        abstract: "Print the answer of a job that has ended.",
        discussion: """
            The coordinator keeps about the last 1000 ended jobs. A job that has not ended yet is an error; 'cascade \
            watch' waits for it.

            EXAMPLES
              cascade result 0f3a5c7712e4b9d8
              cascade result --json 0f3a5c7712e4b9d8
            """
    )

    @Argument(help: "The job's id.")
    var job: String

    @Flag(help: "Print one JSON object, as 'cascade submit' does.")
    var json = false

    @OptionGroup var answer: AnswerOptions
    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        let id = try JobArgument.parse(job)
        try await endpoint.withClient { client in
            if let job = try await StatusCommand.summaries(of: id, client).first, job.state != .finished {
                let tokens = "\(plural(job.completionTokens, "token")) so far"
                throw CommandFailure.failed(
                    "job \(id) is \(job.state.name), \(tokens); 'cascade watch \(id)' waits for it"
                )
            }
            var follower = AnswerFollower(client: client, job: id, patience: 5)
            var printer = AnswerPrinter(endpoint: endpoint.endpoint, json: json, options: answer)
            let report = try await follower.run { printer.show($0) }
            try printer.finish(report)
        }
    }
}
