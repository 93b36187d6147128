internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
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
            EXAMPLES
              cascade jobs
              cascade jobs --limit 1000 --json
            """
    )

    @Option(help: "Maximum number of jobs to list, up to \(JobsRequest.mostJobs).")
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
    /// The first characters of the prompt; empty where the coordinator does not say.
    var promptBeginning: String

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

/// `cascade status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a job, or the whole cluster, is doing.",
        discussion: """
            EXAMPLES
              cascade status
              cascade status 0f3a5c7712e4b9d8
            """
    )

    @Argument(help: "A job's id (default: show the cluster).")
    var job: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var endpoint: EndpointOptions

    func run() async throws {
        let id = try job.map(JobArgument.parse)
        try await endpoint.withClient { client in
            if let id {
                for job in try await Self.summaries(of: id, client) { try show(job) }
            } else {
                let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max), job: nil)
                let status: ClusterStatus = try await client.request(.statusRequest(request), seconds: 5) { message in
                    if case .clusterStatus(let status) = message { status } else { nil }
                }
                try show(status)
            }
        }
    }

    /// The summary of a job that is known, which is refused otherwise.
    static func summaries(of job: JobID, _ client: ClusterClient) async throws(NodeError) -> [JobSummary] {
        let request = StatusRequest(requestID: UInt64.random(in: 1...UInt64.max), job: job)
        return try await client.request(.statusRequest(request), seconds: 5) { message in
            if case .jobList(let list) = message { list.jobs } else { nil }
        }
    }

    private func show(_ job: JobSummary) throws {
        let view = JobView(job)
        if json { return try Output.json(view) }
        try Output.line("job \(view.jobId): \(job.outcome)")
        if !view.promptBeginning.isEmpty { try Output.line("  \(Printable.line(view.promptBeginning))") }
        try Output.line(
            "  \(plural(view.completionTokens, "token")) after a prompt of \(view.promptTokens), "
                + "\(Int(view.ageMs / 1_000)) s old"
        )
        if !view.note.isEmpty { try Output.line("  \(Printable.line(view.note))") }
    }

    private func show(_ status: ClusterStatus) throws {
        let view = ClusterView(status)
        if json { return try Output.json(view) }
        try Output.line("coordinator \(Printable.line(view.software)), up \(Int(view.uptimeMs / 1_000)) s")
        try Output.line("  nodes: \(status.readyNodes)")
        try Output.line(
            "  jobs:  \(view.queuedJobs) queued, \(view.runningJobs) running, \(view.finishedJobs) finished"
        )
        let length = view.meanAcceptanceLength.map { decimalText($0, 2) } ?? "no drafts yet"
        if let note = view.stall { try Output.line("  not well: \(Printable.line(note))") }
        if let trouble = ClusterRecord.trouble(endpoint: endpoint.endpoint) {
            try Output.line("  not well: \(Printable.line(trouble))")
        }
        for problem in status.missingNodes { try Output.line("  note: \(problem)") }
        try Output.line("  rounds: \(view.rounds), mean acceptance length \(length)")
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

private struct ClusterView: Encodable {
    var software: String
    var uptimeMs: Double
    var queuedJobs: UInt32
    var runningJobs: UInt32
    var finishedJobs: UInt64
    var drafters: UInt32
    var experts: UInt32
    var staleMessages: UInt64
    var rounds: UInt64
    var meanAcceptanceLength: Double?
    var draftAcceptanceRate: Double?
    var stall: String?

    init(_ status: ClusterStatus) {
        software = status.software
        uptimeMs = status.uptimeMilliseconds
        queuedJobs = status.queuedJobs
        runningJobs = status.runningJobs
        finishedJobs = status.finishedJobs
        drafters = status.drafters
        experts = status.experts
        staleMessages = status.staleMessages
        rounds = status.counts.rounds
        meanAcceptanceLength = status.counts.meanAcceptanceLength
        draftAcceptanceRate = status.counts.draftAcceptanceRate
        stall = status.stall?.note
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
            try printer.finish(report)
        }
    }
}

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
