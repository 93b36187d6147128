internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import Foundation

/// `cascade model inspect`
struct ModelInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a GGUF file, and whether it can be served.",
        discussion: """
            Exit code 1 where it cannot.

            EXAMPLES
              cascade model inspect --model qwen2.5-coder-0.5b
              cascade model inspect --model big.gguf --tensors --json
            """
    )

    @Option(help: "The model: a GGUF file, or a name that 'cascade model fetch' knows and has fetched.")
    var model: String

    @Flag(help: "List every tensor.")
    var tensors = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let path = try ModelLocation.resolve(model)
        do {
            let report = try Report(GGUFFile(path: path), tensors: tensors)
            if json { try Output.json(report) } else { try show(report) }
            if report.problem != nil { throw ExitCode(1) }
        } catch let error as GGUFError {
            throw CommandFailure.failed("\(error)")
        }
    }

    private func show(_ report: Report) throws {
        try Output.line("\(report.path): \(plural(report.bytes, "byte")), \(plural(report.tensorCount, "tensor"))")
        try Output.line("fingerprint (the first 128 bits of its BLAKE3): \(report.fingerprint)")
        try Output.line(
            report.problem.map { "cannot be served: \($0)" } ?? "can be served: architecture \(report.architecture)"
        )
        try Output.line("tensor types: " + report.types.map { "\($0.type) x\($0.count)" }.joined(separator: ", "))
        try Output.line(Table.text(report.metadata.map { [$0.key, $0.type, $0.value] }))
        if let tensors = report.tensors {
            try Output.line(
                Table.text(tensors.map { [$0.name, $0.type, $0.shape.map(String.init).joined(separator: " x ")] })
            )
        }
    }
}

extension ModelInspectCommand {
    /// What is shown, as JSON has it.
    private struct Report: Encodable {
        struct Key: Encodable {
            var key: String
            var type: String
            var value: String
        }

        struct TypeCount: Encodable {
            var type: String
            var count: Int
        }

        struct Tensor: Encodable {
            var name: String
            var type: String
            var shape: [Int]
        }

        var path: String
        var bytes: Int
        var fingerprint: String
        var architecture: String
        /// Why the model cannot be served; nil when it can.
        var problem: String?
        var tensorCount: Int
        var types: [TypeCount]
        var metadata: [Key]
        var tensors: [Tensor]?

        init(_ file: GGUFFile, tensors wantsTensors: Bool) throws(GGUFError) {
            path = file.path
            bytes = file.byteCount
            fingerprint = try file.fingerprint().description
            architecture = (try? file.string("general.architecture")) ?? "unknown"
            problem = Self.problem(of: file)
            tensorCount = file.tensors.count
            types = Dictionary(grouping: file.tensors, by: \.type.name)
                .map { TypeCount(type: $0.key, count: $0.value.count) }
                .sorted { ($1.count, $0.type) < ($0.count, $1.type) }
            metadata = file.entries.map { Key(key: $0.key, type: file.typeName(of: $0), value: file.summary(of: $0)) }
            tensors =
                wantsTensors
                ? file.tensors.map { Tensor(name: $0.name, type: $0.type.name, shape: $0.shape) }
                : nil
        }

        private static func problem(of file: GGUFFile) -> String? {
            do throws(ModelError) {
                _ = try ServableModel(file)
                return nil
            } catch {
                return "\(error)"
            }
        }
    }
}
