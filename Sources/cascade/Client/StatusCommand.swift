internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeNode
internal import Foundation

/// `cascade status`
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how a job, or the whole cluster, is doing.",
        discussion: """
            EXAMPLES
              cascade status
              cascade status 0f3a5c7712e4b9d8
              cascade status --usage >> usage.jsonl      one line an owner, for accounting

            --usage counts from the coordinator's start, whose random number, boot, is in each line: what an owner \
            used between two lines of one boot is their difference.
            """
    )

    @Argument(help: "A job's id (default: show the cluster).")
    var job: String?

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Print what each owner was given, one JSON object a line; none where clients have no keys.")
    var usage = false

    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        if usage, job != nil { throw CommandFailure.usage("--usage is about owners: leave the job out") }
        if usage, json { throw CommandFailure.usage("--usage prints JSON lines: leave --json out") }
    }

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
        if usage {
            for owner in status.owners { try Output.jsonLine(OwnerView(owner, status)) }
            return
        }
        let view = ClusterView(status)
        if json { return try Output.json(view) }
        try Output.line("coordinator \(Printable.line(view.software)), up \(Int(view.uptimeMs / 1_000)) s")
        try Output.line("  nodes: \(status.readyNodes)")
        if let http = ClusterRecord.running(endpoint: endpoint.endpoint)?.http { try Output.line("  http:  \(http)") }
        try Output.line(
            "  jobs:  \(view.queuedJobs) queued, \(view.runningJobs) running, \(view.finishedJobs) finished"
        )
        if let note = status.crashNote { try Output.line("  note: \(note)") }
        let length = view.meanAcceptanceLength.map { decimalText($0, 2) } ?? "no drafts yet"
        if let note = view.stall { try Output.line("  not well: \(Printable.line(note))") }
        if let trouble = ClusterRecord.trouble(endpoint: endpoint.endpoint) {
            try Output.line("  not well: \(Printable.line(trouble))")
        }
        for problem in status.missingNodes { try Output.line("  note: \(problem)") }
        try Output.line("  rounds: \(view.rounds), mean acceptance length \(length)")
        if view.preemptions > 0 {
            try Output.line("  cache: full \(plural(view.preemptions, "time")), a sequence was put back and read again")
        }
        guard !status.owners.isEmpty else { return }
        let rows = status.owners.map { owner in
            [
                owner.name, "\(owner.weight)", "\(owner.runningJobs)", "\(owner.queuedJobs)", "\(owner.usage.jobs)",
                "\(owner.usage.promptTokens)", "\(owner.usage.completionTokens)", "\(owner.usage.rounds)",
            ]
        }
        let head = ["OWNER", "WEIGHT", "RUNNING", "QUEUED", "FINISHED", "PROMPT TOKENS", "ANSWER TOKENS", "ROUNDS"]
        try Output.line(Table.text([head] + rows))
    }
}

extension ClusterStatus {
    /// What crashes have to do with jobs, for people; nil where nothing.
    fileprivate var crashNote: String? {
        var words: [String] = []
        if suspectedJobs > 0 {
            let jobs = plural(suspectedJobs, "job that was", "jobs that were")
            words.append("\(jobs) in flight when the coordinator crashed: taken up one at a time")
        }
        if setAsideJobs > 0 {
            words.append("\(plural(setAsideJobs, "job")) set aside because of crashes: 'cascade jobs' says which")
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }
}

struct ClusterView: Encodable {
    var software: String
    var uptimeMs: Double
    var queuedJobs: UInt32
    var runningJobs: UInt32
    var finishedJobs: UInt64
    /// Of those that are kept.
    var setAsideJobs: UInt32
    /// Of those that have not ended.
    var suspectedJobs: UInt32
    var drafters: UInt32
    var experts: UInt32
    var staleMessages: UInt64
    var preemptions: UInt64
    var rounds: UInt64
    var meanAcceptanceLength: Double?
    var draftAcceptanceRate: Double?
    var stall: String?
    /// Nil where clients have no keys.
    var owners: [OwnerView]?

    init(_ status: ClusterStatus) {
        software = status.software
        uptimeMs = status.uptimeMilliseconds
        queuedJobs = status.queuedJobs
        runningJobs = status.runningJobs
        finishedJobs = status.finishedJobs
        setAsideJobs = status.setAsideJobs
        suspectedJobs = status.suspectedJobs
        drafters = status.drafters
        experts = status.experts
        staleMessages = status.staleMessages
        preemptions = status.preemptions
        rounds = status.counts.rounds
        meanAcceptanceLength = status.counts.meanAcceptanceLength
        draftAcceptanceRate = status.counts.draftAcceptanceRate
        stall = status.stall?.note
        owners = status.owners.isEmpty ? nil : status.owners.map { OwnerView($0, status) }
    }
}

/// What an owner has and had, as `cascade status --json` and `--usage` print it.
struct OwnerView: Encodable {
    var owner: String
    var weight: UInt32
    var runningJobs: UInt32
    var queuedJobs: UInt32
    var finishedJobs: UInt64
    var promptTokens: UInt64
    var completionTokens: UInt64
    var rounds: UInt64
    var draftedRounds: UInt64
    /// Of the coordinator since whose start is counted, as hexadecimal digits.
    var boot: String
    var uptimeMs: Double

    init(_ owner: OwnerStatus, _ status: ClusterStatus) {
        self.owner = owner.name
        weight = owner.weight
        runningJobs = owner.runningJobs
        queuedJobs = owner.queuedJobs
        finishedJobs = owner.usage.jobs
        promptTokens = owner.usage.promptTokens
        completionTokens = owner.usage.completionTokens
        rounds = owner.usage.rounds
        draftedRounds = owner.usage.draftedRounds
        boot = String(status.boot, radix: 16)
        uptimeMs = status.uptimeMilliseconds
    }
}
