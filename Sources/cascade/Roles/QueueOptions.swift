internal import ArgumentParser

/// Which jobs get room first.
struct QueueOptions: ParsableArguments {
    @Flag(
        help: """
            Jobs that a client follows get room before detached ones of the same owner and priority; every fourth \
            place is the oldest job's in any case.
            """
    )
    var interactiveFirst = false

    /// The option as given, for another process.
    var arguments: [String] { interactiveFirst ? ["--interactive-first"] : [] }
}
