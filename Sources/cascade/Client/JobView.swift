internal import CascadeCore

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
