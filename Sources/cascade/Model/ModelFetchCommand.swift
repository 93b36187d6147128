internal import ArgumentParser
internal import CascadeModel
internal import CascadeModelFetch
internal import Foundation

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
