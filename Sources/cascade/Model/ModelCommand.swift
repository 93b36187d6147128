internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeModelFetch
internal import CascadeText
internal import Foundation

/// `cascade model`
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract: "One model, no cluster: fetch, inspect, tokenize, score, generate.",
        discussion: """
            EXAMPLES
              cascade model fetch qwen2.5-coder-0.5b
              cascade model inspect --model qwen2.5-coder-0.5b
              cascade model generate --model qwen2.5-coder-0.5b "def fibonacci(n):"
            """,
        subcommands: [
            ModelFetchCommand.self, ModelInspectCommand.self, ModelTokenizeCommand.self, ModelScoreCommand.self,
            ModelGenerateCommand.self,
        ]
    )
}

/// `cascade model fetch`
struct ModelFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download model files that are not there yet.",
        discussion: """
            Names: \(ModelCatalogue.standard.names). Files are kept in \
            ~/.cache/cascade/models or $CASCADE_MODELS_DIR; an interrupted download continues where it stopped.

            EXAMPLES
              cascade model fetch qwen2.5-coder-0.5b qwen2.5-coder-1.5b
              cascade model fetch hf:Qwen/Qwen2.5-Coder-3B-Instruct-GGUF/qwen2.5-coder-3b-instruct-q4_k_m.gguf
            """
    )

    @Argument(help: "Names, hf:owner/repository/file, URLs or paths.")
    var models: [String]

    func run() async throws {
        let files = try await Self.fetch(models)
        for (model, file) in zip(models, files) {
            try Output.line(file)
            // The digest says what is in it, and reading a vocabulary takes half a second.
            if ModelCatalogue.standard.model(named: model)?.isServed == true { continue }
            do throws(ModelError) {
                _ = try ServableModel(path: file)
            } catch {
                Output.note("it is there, but cannot be served: \(error)")
            }
        }
        // Nodes in containers have the folder read-only, and would hash the files at each start.
        try await GGUFFile.recordFingerprints(of: files)
    }

    /// Fetches models with progress on standard error, and returns their files; Ctrl-C cuts it off.
    static func fetch(_ models: [String]) async throws -> [String] {
        let fetcher = try ModelLocation.fetcher()
        for model in models {
            guard let known = ModelCatalogue.standard.model(named: model), !known.isServed else { continue }
            let architecture = "architecture \(known.architecture)"
            Output.note("\(known.name) cannot be served yet (\(architecture)); it is fetched all the same")
        }
        let task = Task {
            var files: [String] = []
            for model in models {
                let reporter = ProgressReporter(model, isTerminal: Output.errorIsTerminal)
                defer { reporter.finish() }
                files.append(try await fetcher.fetch(model, progress: reporter.handle).path)
            }
            return files
        }
        let interrupts = Interrupts { task.cancel() }
        defer { withExtendedLifetime(interrupts) {} }
        do {
            return try await task.value
        } catch is CancellationError {
            throw CommandFailure(code: 130, message: "interrupted; the same command continues where it stopped")
        } catch let error as ModelFetchError {
            throw CommandFailure.failed("\(error)")
        }
    }
}

/// `cascade model inspect`
struct ModelInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a GGUF file, and whether it can be served.",
        discussion: """
            Exit code 1 if it cannot.

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

/// `cascade model tokenize`
struct ModelTokenizeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Show the tokens of a text.",
        discussion: """
            EXAMPLES
              cascade model tokenize --model qwen2.5-coder-0.5b "Hello world"
              cascade model tokenize --model qwen2.5-coder-0.5b --chat "Hello world"
              cascade model tokenize --model big.gguf --cases cases.json --json
            """
    )

    @OptionGroup var options: ModelCases

    func run() async throws {
        let (cases, isArray) = try options.read()
        let (file, tokenizer) = try options.openTokenizer()
        let answers = try options.tokens(of: cases, file: file, tokenizer: tokenizer).map(Answer.init)
        if options.json || isArray { return try options.show(answers, isArray: isArray) }
        for token in answers.flatMap(\.tokens) {
            try Output.line("\(token)\t\(String(decoding: tokenizer.text(of: token), as: UTF8.self).debugDescription)")
        }
    }

    private struct Answer: Encodable {
        var tokens: [Token]
    }
}
