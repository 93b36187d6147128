internal import ArgumentParser

/// The one binary: every role and every client command is a subcommand.
@main
struct Cascade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "cascade", abstract: "Speculative cascades on CPUs.")
}
