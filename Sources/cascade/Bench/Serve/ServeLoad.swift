internal import CascadeCore

/// What every job of a run has in common, and how many there are.
struct ServeLoad {
    /// How long a turn of a setting lasts.
    enum Length: Equatable {
        /// So many jobs.
        case jobs(Int)
        /// Jobs are begun for so many seconds.
        case seconds(Double)
    }

    /// The prompts, which jobs take in turn.
    var prompts: [String]
    /// A job's request without its prompt, draft length and numbers.
    var template: Submit
    /// Key of the first job's random streams; the others' follow.
    var seed: UInt64
    /// Seconds without any answer from the coordinator after which to give up.
    var timeout: Double

    /// The request of a turn's job. Settings get the same prompts and seeds.
    func submit(job: Int, turn: Int, setting: ServeSetting) -> Submit {
        // Turns begin at different prompts; a large odd step keeps them apart in a long file.
        let index = job + turn * 7_919
        var submit = template
        submit.requestID = UInt64.random(in: 1...UInt64.max / 2)
        submit.submitKey = Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max))
        submit.prompt = Array(prompts[index % prompts.count].utf8)
        submit.seed = seed &+ UInt64(index)
        submit.draftLength = setting.draftLength
        return submit
    }
}
