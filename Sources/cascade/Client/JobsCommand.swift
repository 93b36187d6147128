internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeKeys
internal import CascadeNode
internal import Foundation

/// `cascade jobs`
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List the jobs that the coordinator knows, newest first.",
        discussion: """
            Lists the jobs that wait or run, and about the last 1000 that have ended.

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
            Where clients have keys, each sees the jobs of its own owner, and an admin sees all.

            EXAMPLES
              cascade jobs
              cascade jobs --mine
              cascade jobs --owner team-a --limit 1000 --json
            """
    )

    @Option(help: "Maximum number of jobs to list, up to \(JobsRequest.mostJobs).")
    var limit = 50

    @Flag(help: "Print a JSON array.")
    var json = false

    @OptionGroup var scope: JobScopeOptions
    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        try Limits.check("--limit", limit, in: 1...Int(JobsRequest.mostJobs))
    }

    func run() async throws {
        let id = UInt64.random(in: 1...UInt64.max)
        let request = JobsRequest(requestID: id, limit: UInt32(limit), scope: scope.scope)
        let jobs = try await endpoint.withClient { client in
            try await client.request(.jobsRequest(request), seconds: 5) { message in
                if case .jobList(let list) = message { list.jobs } else { nil }
            }
        }
        if json { return try Output.json(jobs.map(JobView.init)) }
        guard !jobs.isEmpty else { return try Output.line("no jobs; submit one with 'cascade submit'") }
        // Most clusters have one pool: a column of nothing but `default` takes the place of words.
        let showsPool = jobs.contains { $0.pool != "default" }
        // Likewise the owner's, where there are no keys, or one owner sees its own jobs alone.
        let showsOwner = Set(jobs.map(\.owner)).count > 1
        var rows = [["JOB"] + (showsOwner ? ["OWNER"] : []) + ["STATE"] + (showsPool ? ["POOL"] : [])]
        rows[0] += ["PROMPT", "TOKENS", "AGE", "BEGINNING", "NOTE"]
        for job in jobs {
            var row = [job.job.description] + (showsOwner ? [job.owner] : []) + [job.outcome]
            if showsPool { row.append(job.pool) }
            rows.append(
                row + [
                    "\(job.promptTokens)", "\(job.completionTokens)", "\(Int(job.ageMilliseconds / 1_000)) s",
                    job.promptBeginning, job.note,
                ]
            )
        }
        try Output.line(Table.text(rows, shortened: rows[0].count - 2))
    }
}

/// Which jobs a command is about.
struct JobScopeOptions: ParsableArguments {
    @Flag(help: "Only jobs of this key's own owner.")
    var mine = false

    @Option(help: "Only jobs of the owner of this name.")
    var owner: String?

    func validate() throws {
        if mine, owner != nil { throw CommandFailure.usage("--mine and --owner exclude each other") }
        if let problem = owner.flatMap(KeyName.ownerProblem) { throw CommandFailure.usage(problem) }
    }

    /// What they mean on the wire.
    var scope: JobScope { owner.map { .owner($0) } ?? (mine ? .mine : .all) }
}

/// One job, as `cascade status JOB --json` and `cascade jobs --json` print it.
struct JobView: Encodable {
    var jobId: String
    var state: String
    var finishReason: String?
    var note: String
    var pool: String
    var promptTokens: UInt32
    var completionTokens: UInt32
    var ageMs: Double
    /// The first characters of the prompt, or of what the user said last; empty where the coordinator does not say, and
    /// of other owners' jobs.
    var promptBeginning: String
    /// Its owner's name; nil where clients have no keys.
    var owner: String?

    init(_ job: JobSummary) {
        jobId = job.job.description
        state = job.state.name
        finishReason = job.reason?.name
        note = job.note
        pool = job.pool
        promptTokens = job.promptTokens
        completionTokens = job.completionTokens
        ageMs = job.ageMilliseconds
        promptBeginning = job.promptBeginning
        owner = job.owner.isEmpty ? nil : job.owner
    }
}

extension JobSummary {
    /// Where the job stands, in words: how it ended, where it has.
    var outcome: String { reason?.words ?? state.name }
}

extension FinishReason {
    /// For people, to whom `stop` sounds like a mishap.
    var words: String {
        switch self {
        case .stop: "done"
        case .length: "done (token limit)"
        case .cancelled: "cancelled"
        case .error: "failed"
        }
    }
}

/// Reads a job's id from the command line.
enum JobArgument {
    /// The id, or a usage error that shows what one looks like.
    static func parse(_ text: String) throws -> JobID {
        guard let id = JobID(text) else {
            throw CommandFailure.usage(
                "'\(text)' is not a job id, which has 16 hexadecimal digits, e.g. 0f3a5c7712e4b9d8"
            )
        }
        return id
    }
}

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
            try printer.finish(report, explained: follower.explained)
        }
    }
}

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
            try printer.finish(report, explained: follower.explained)
        }
    }
}
