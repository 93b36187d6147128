import CDispatch
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// The `model` verbs and the settings as scripts use them.
@Suite struct ModelCommandTests {
    private struct Input: Encodable {
        var text: String
        var parse_special: Bool
        var add_bos: Bool
        var max_tokens = 8
    }

    private struct Scored: Decodable {
        var tokens: [UInt32]
        var next_logprob: [Double]
        var argmax: [UInt32]
        var entropy: [Double]
        var last_top16: [[Double]]
    }

    private struct Tokenized: Decodable {
        var tokens: [UInt32]
    }

    private func run<Answer: Decodable>(_ verb: String, _ oracle: Oracle, _ model: String) async throws -> [Answer] {
        let cases = oracle.cases.map { Input(text: $0.text, parse_special: $0.parseSpecial, add_bos: $0.addBos) }
        let file = FileManager.default.temporaryDirectory.appending(path: "cases-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONEncoder().encode(cases).write(to: file)
        let arguments = ["model", verb, "--model", Fixtures.modelPath(model), "--cases", file.path, "--json"]
        let result = try await CascadeProcess.run(arguments)
        guard result.code == 0 else { throw VerbFailure(text: result.errors) }
        return try JSONDecoder().decode([Answer].self, from: Data(result.output.utf8))
    }

    private struct VerbFailure: Error {
        var text: String
    }

    @Test(arguments: ["tiny-llama.f16", "tiny-qwen2.f16"])
    func tokenizeEqualsTheReference(_ model: String) async throws {
        let oracle = try Fixtures.oracle(model)
        let answers: [Tokenized] = try await run("tokenize", oracle, model)
        #expect(answers.map(\.tokens) == oracle.cases.map(\.tokens))
    }

    @Test(arguments: ["tiny-llama.f32", "tiny-llama.Q6_K"])
    func scoreAgreesWithTheReference(_ model: String) async throws {
        let oracle = try Fixtures.oracle(model)
        let answers: [Scored] = try await run("score", oracle, model)
        #expect(answers.count == oracle.cases.count)
        for (answer, expected) in zip(answers, oracle.cases) {
            #expect(answer.tokens == expected.tokens)
            #expect(answer.last_top16.count == 16)
            #expect(answer.entropy.count == answer.tokens.count)
            guard let logprobs = expected.nextLogprob else { continue }
            let worst = model.hasSuffix("f32") ? 4e-3 : 0.4
            #expect(zip(answer.next_logprob, logprobs).allSatisfy { abs($0 - $1) < worst })
        }
    }

    @Test func oneTextOnTheCommandLineOrStandardInput() async throws {
        let model = Fixtures.modelPath("tiny-llama.Q8_0")
        let arguments = ["model", "generate", "--model", model, "--max-tokens", "12", "--json"]
        let argument = try await CascadeProcess.run(arguments + ["Once upon a time"])
        let input = try await CascadeProcess.run(arguments, input: "Once upon a time")
        #expect(argument.code == 0)
        #expect(argument.output == input.output)
        let generated = try JSONDecoder().decode(Generated.self, from: Data(argument.output.utf8))
        #expect(generated.tokens.count == 12)
        #expect(generated.finish_reason == "length")
    }

    /// A file of the catalogue that was verified is not read: this one would not pass for a model.
    @Test func whatIsThereAndVerifiedIsNotReadAgain() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "SmolLM2-135M-Instruct.Q4_1.gguf").path
        let bytes = 98_362_432
        #expect(FileManager.default.createFile(atPath: file, contents: nil) && truncate(file, off_t(bytes)) == 0)
        var status = stat()
        #expect(stat(file, &status) == 0)
        let modified = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
        let digest = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        let record = #"{"sha256":"\#(digest)","bytes":\#(bytes),"modifiedNanoseconds":\#(modified),"origin":""}"#
        try Data(record.utf8).write(to: URL(filePath: file + ".verified"))
        let result = try await CascadeProcess.run(
            ["model", "fetch", "smollm2-135m"],
            environment: ["CASCADE_MODELS_DIR": folder.path]
        )
        #expect(result.code == 0 && result.output == file + "\n" && result.errors.isEmpty, "\(result)")
    }

    @Test func inspectNamesWhatIsThere() async throws {
        let result = try await CascadeProcess.run(["model", "inspect", "--model", Fixtures.modelPath("tiny-qwen2.f16")])
        #expect(result.code == 0)
        #expect(result.output.contains("can be served: architecture qwen2"))
        #expect(result.output.contains("tokenizer.ggml.pre"))
    }

    /// A path where something is, but no file, is not taken for a name that nobody knows.
    @Test func whatIsNoFileIsCalledWhatItIs() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func path(_ name: String) -> String { folder.appending(path: name).path }
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        #expect(symlink("ring", path("ring")) == 0 && symlink("gone.gguf", path("link")) == 0)
        for (place, words) in [
            (path("pipe"), "it is a pipe"), (folder.path, "it is a folder"), ("/dev/null", "it is a device"),
            (path("link"), "it is a link to gone.gguf, where there is nothing"),
            (path("ring"), "Too many levels of symbolic links"), (path("none"), "no model file at "),
        ] {
            let result = try await CascadeProcess.run(["model", "inspect", "--model", place])
            #expect(result.code == 1 && result.errors.contains(words), "\(place): \(result)")
            #expect(result.errors.contains("known names: ") == place.hasSuffix("none"), "\(result)")
        }
    }
}
