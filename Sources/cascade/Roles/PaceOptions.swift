internal import ArgumentParser

/// How long those that decode may wait for prompts.
struct PaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Milliseconds that a pass of a node may take in which a prompt is read while other jobs decode, so that \
            their next tokens come in time (default: what 4 passes of one token take).
            """,
            discussion: """
                A smaller number gives running answers smaller gaps, and long prompts take longer: they are read in \
                smaller parts. While no job decodes, a pass may take four times as long.
                """
        )
    )
    var maxInterTokenMs: Int?

    func validate() throws {
        try Limits.check("--max-inter-token-ms", maxInterTokenMs, in: 1...600_000)
    }

    /// The bound that was chosen; nil for the usual one.
    var milliseconds: Double? { maxInterTokenMs.map(Double.init) }

    /// The option as given, for another process.
    var arguments: [String] { maxInterTokenMs.map { ["--max-inter-token-ms", "\($0)"] } ?? [] }
}
