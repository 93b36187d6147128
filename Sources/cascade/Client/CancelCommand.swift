internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

/// `cascade cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel a job; a finished job stays as it is.",
        discussion: """
            EXAMPLES
              cascade cancel 0f3a5c7712e4b9d8
            """
    )

    @Argument(help: "The job's id.")
    var job: String

    @Flag(help: "Print the job's result as JSON.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        let id = try JobArgument.parse(job)
        let request = Cancel(requestID: UInt64.random(in: 1...UInt64.max), job: id)
        try await endpoint.withClient { client in
            let report: JobReport = try await client.request(.cancel(request), seconds: 5) { message in
                if case .finished(let finished) = message, finished.report.job == id { finished.report } else { nil }
            }
            if json {
                try Output.json(SubmitResult(report))
            } else if report.reason == .cancelled {
                try Output.line("job \(id) cancelled after \(plural(report.tokens.count, "token"))")
            } else {
                try Output.line("job \(id) had already ended: \(report.reason.words)")
            }
        }
    }
}
