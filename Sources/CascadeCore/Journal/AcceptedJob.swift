/// What a coordinator takes upon itself when it accepts a job.
package struct AcceptedJob: Equatable, Sendable {
    /// Counts jobs in the order they came.
    package var number: UInt64
    /// What the client asked for.
    package var submit: Submit
    /// The seed in force.
    package var seed: UInt64
    /// The draft length in force.
    package var draftLength: DraftLength
    /// Whose it is.
    package var owner: JobOwner

    /// Creates the value from its parts.
    package init(
        number: UInt64,
        submit: Submit,
        seed: UInt64,
        draftLength: DraftLength,
        owner: JobOwner = .everybody
    ) {
        self.number = number
        self.submit = submit
        self.seed = seed
        self.draftLength = draftLength
        self.owner = owner
    }
}
