internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
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

            \(DefaultVerb.options(JobsListCommand.self))
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

    @Option(help: "Most jobs to list, up to \(JobsRequest.mostJobs).")
    var limit = 50

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        try Limits.check("--limit", limit, in: 1...Int(JobsRequest.mostJobs))
    }

    func run() async throws {
        let request = JobsRequest(requestID: UInt64.random(in: 1...UInt64.max), limit: UInt32(limit))
        let jobs = try await endpoint.withClient { client in
            try await client.request(.jobsRequest(request), seconds: 5) { message in
                if case .jobList(let list) = message { list.jobs } else { nil }
            }
        }
        if json { return try Output.json(jobs.map(JobView.init)) }
        guard !jobs.isEmpty else { return try Output.line("no jobs; submit one with 'cascade submit'") }
        // Most clusters have one pool: a column of nothing but `default` takes the place of words.
        let showsPool = jobs.contains { $0.pool != "default" }
        var rows = [["JOB", "STATE", "PROMPT", "TOKENS", "AGE", "BEGINNING", "NOTE"]]
        for job in jobs {
            rows.append([
                job.job.description, job.outcome, "\(job.promptTokens)", "\(job.completionTokens)",
                "\(Int(job.ageMilliseconds / 1_000)) s", job.promptBeginning, job.note,
            ])
        }
        if showsPool {
            for (index, pool) in (["POOL"] + jobs.map(\.pool)).enumerated() { rows[index].insert(pool, at: 2) }
        }
        try Output.line(Table.text(rows, shortened: showsPool ? 6 : 5))
    }
}
