internal import ArgumentParser

/// `cascade bench`
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine: one engine, or a pair of models without a network.",
        discussion: """
            EXAMPLES
              cascade bench engine --model qwen2.5-coder-1.5b
              cascade bench pair --prompts prompts.jsonl --limit 4
            """,
        subcommands: [BenchEngineCommand.self, BenchPairCommand.self]
    )

    /// A debug build is many times slower: its numbers would only mislead.
    static func refuseDebugBuild(isDebug: Bool = BuildInfo.isDebug) throws {
        guard isDebug else { return }
        throw CommandFailure.failed(
            "this is a debug build, whose speed says nothing: build with 'swift build -c release' and measure again"
        )
    }
}

/// A list of whole numbers in one option, such as `1,2,4`.
struct NumberList: ExpressibleByArgument, Equatable {
    /// The numbers in the order given; at least one.
    var numbers: [Int]

    init(_ numbers: [Int]) { self.numbers = numbers }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0.trimmingPrefix { $0 == " " }) }
        guard !numbers.isEmpty, numbers.count == parts.count else { return nil }
        self.numbers = numbers
    }

    var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}
