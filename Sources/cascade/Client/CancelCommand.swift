internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode

/// `cascade cancel`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel jobs; finished jobs stay as they are.",
        discussion: """
            Names the jobs, or means all that have not ended with --all: those of this key's owner, and for an admin \
            those of everybody, unless --mine or --owner says less. Ends with status 1 where a job is unknown; the \
            others are cancelled all the same.

            EXAMPLES
              cascade cancel 0f3a5c7712e4b9d8
              cascade cancel 0f3a5c7712e4b9d8 91c20d44ab17e5f3
              cascade cancel --all
              cascade cancel --all --owner team-a
            """
    )

    @Argument(help: "The jobs' ids.")
    var jobs: [String] = []

    @Flag(help: "Cancel all jobs that have not ended.")
    var all = false

    @Flag(help: "Print JSON: what became of one job, or the ids of several by what became of them.")
    var json = false

    @OptionGroup var scope: JobScopeOptions
    @OptionGroup var endpoint: EndpointOptions

    func validate() throws {
        if all, !jobs.isEmpty { throw CommandFailure.usage("name jobs or say --all, not both") }
        if !all, jobs.isEmpty { throw CommandFailure.usage("name the jobs to cancel, or say --all") }
        if !all, scope.scope != .all { throw CommandFailure.usage("--mine and --owner go with --all") }
    }

    func run() async throws {
        let ids = try jobs.map(JobArgument.parse)
        try await endpoint.withClient { client in
            if ids.count == 1 { return try await cancel(ids[0], client) }
            var outcome = CancelOutcome()
            if all {
                var remaining: UInt32 = 1
                while remaining > 0 {
                    let answer = try await Self.cancel(.scope(scope.scope), client)
                    outcome.add(answer)
                    remaining = answer.remaining
                }
            } else {
                for start in stride(from: 0, to: ids.count, by: CancelJobs.mostJobs) {
                    let part = Array(ids[start..<min(start + CancelJobs.mostJobs, ids.count)])
                    outcome.add(try await Self.cancel(.jobs(part), client))
                }
            }
            try show(outcome)
        }
    }

    private func cancel(_ id: JobID, _ client: ClusterClient) async throws {
        let request = Cancel(requestID: UInt64.random(in: 1...UInt64.max), job: id)
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

    private static func cancel(
        _ selection: CancelJobs.Selection,
        _ client: ClusterClient
    ) async throws(NodeError) -> JobsCancelled {
        let request = CancelJobs(requestID: UInt64.random(in: 1...UInt64.max), selection: selection)
        return try await client.request(.cancelJobs(request), seconds: 30) { message in
            if case .jobsCancelled(let answer) = message, answer.requestID == request.requestID { answer } else { nil }
        }
    }

    private func show(_ outcome: CancelOutcome) throws {
        if json {
            try Output.json(outcome)
        } else if all, outcome.cancelled.isEmpty {
            try Output.line("no job to cancel")
        } else {
            let ended = outcome.ended.isEmpty ? "" : "; \(outcome.ended.count) had already ended"
            try Output.line("\(plural(outcome.cancelled.count, "job")) cancelled\(ended)")
        }
        guard !outcome.unknown.isEmpty else { return }
        throw CommandFailure.failed(
            "the coordinator knows nothing of \(outcome.unknown.joined(separator: ", ")): never submitted, or forgotten"
        )
    }
}

/// What became of several jobs, by their ids.
private struct CancelOutcome: Encodable {
    var cancelled: [String] = []
    var ended: [String] = []
    var unknown: [String] = []

    mutating func add(_ answer: JobsCancelled) {
        cancelled += answer.cancelled.map(\.description)
        ended += answer.ended.map(\.description)
        unknown += answer.unknown.map(\.description)
    }
}
