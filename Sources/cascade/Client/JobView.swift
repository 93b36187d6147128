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

    init(_ job: JobSummary) {
        jobId = job.job.description
        state = job.state.name
        finishReason = job.reason?.name
        note = job.note
        pool = job.pool
        promptTokens = job.promptTokens
        completionTokens = job.completionTokens
        ageMs = job.ageMilliseconds
    }
}
