import Foundation
import Testing

/// Somebody who does what the guide says, on the machines of a ``VirtualNetwork``.
struct GuideReader {
    let network: VirtualNetwork
    /// Words that stand for others of the text.
    var substitutes: [String: String] = [:]
    /// Settings of all commands on a machine.
    var environment: [String: [String: String]] = [:]

    /// The step's words with their substitutes.
    func words(_ step: GuideCommands.Step) -> [String] { step.words.map { substitutes[$0] ?? $0 } }

    /// Starts a step's `cascade` command.
    func start(_ step: GuideCommands.Step) throws -> CascadeProcess {
        try #require(step.words[0] == "cascade")
        return try network.start(
            Array(words(step).dropFirst()),
            on: step.machine,
            environment: environment[step.machine] ?? [:]
        )
    }

    /// Does what a step says, to its end. `scp 10.0.0.1:PATH .` is a copy of the file.
    @discardableResult
    func perform(_ step: GuideCommands.Step) async throws -> CascadeProcess.Result {
        if step.words[0] == "scp" {
            let source = step.words[1].split(separator: ":").map(String.init)
            #expect(step.words.count == 3 && source.count == 2 && step.words[2] == ".")
            #expect(source[0] == VirtualNetwork.entrance)
            try network.copy(source[1], to: step.machine)
            return CascadeProcess.Result(code: 0, output: "", errors: "")
        }
        let result = await (try start(step)).result()
        try #require(result.code == 0, "\(step.words): \(result.errors)")
        return result
    }
}
