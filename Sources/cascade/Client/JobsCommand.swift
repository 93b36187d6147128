internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

/// `cascade jobs`
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List the jobs that the coordinator knows, newest first.",
        discussion: """
            Jobs that wait, that are worked on, and about the last 1000 that have ended.

            EXAMPLES
              cascade jobs
              cascade jobs --limit 1000 --json
            """,
        subcommands: [JobsListCommand.self],
        defaultSubcommand: JobsListCommand.self
    )
}

/// `cascade jobs list`
struct JobsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the jobs that the coordinator knows, newest first.",
        discussion: """
            EXAMPLES
              cascade jobs
              cascade jobs --limit 1000 --json
            """
    )

    @Option(help: "Most jobs to list.")
    var limit = 50

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        guard (1...100_000).contains(limit) else { throw ValidationError("--limit must be 1 to 100000") }
    }

    func run() async throws {
        let request = JobsRequest(requestID: UInt64.random(in: 1...UInt64.max), limit: UInt32(limit))
        let jobs = try await endpoint.withClient { client in
            try await client.request(.jobsRequest(request), seconds: 5) { message in
                if case .jobList(let list) = message { list.jobs.map(JobView.init) } else { nil }
            }
        }
        if json { return try Output.json(jobs) }
        guard !jobs.isEmpty else { return print("no jobs; submit one with 'cascade submit'") }
        let rows =
            [["JOB", "STATE", "POOL", "PROMPT", "TOKENS", "AGE", "NOTE"]]
            + jobs.map { job in
                [
                    job.jobId, job.finishReason ?? job.state, job.pool, "\(job.promptTokens)",
                    "\(job.completionTokens)", "\(Int(job.ageMs / 1_000)) s", job.note,
                ]
            }
        print(Table.text(rows))
    }
}
