package import Foundation

/// The files under Tests/Fixtures: tiny models, and the reference answers to hold the engine and tokenizers against.
package enum Fixtures {
    /// Tests/Fixtures of the checkout that this file was built from.
    package static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appendingPathComponent("Tests/Fixtures")

    /// Names of the tiny models, without `.gguf`, in order: `tiny-llama.Q4_1`, …
    package static var modelNames: [String] { names(in: "models", ending: ".gguf") }

    /// Names of the reference files, without `.json`, in order: those of the tiny models and of the real ones.
    package static var oracleNames: [String] { names(in: "oracle", ending: ".json") }

    /// Path of the tiny model of that name.
    package static func modelPath(_ name: String) -> String {
        folder.appendingPathComponent("models/\(name).gguf").path
    }

    /// The reference answers of that name.
    package static func oracle(_ name: String) throws -> Oracle {
        let data = try Data(contentsOf: folder.appendingPathComponent("oracle/\(name).json"))
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Oracle.self, from: data)
    }

    private static func names(in subfolder: String, ending suffix: String) -> [String] {
        let path = folder.appendingPathComponent(subfolder).path
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
    }
}
