import CascadeTestSupport
import Foundation

/// A model whose tokens are not those of the tiny models: two of them have changed places.
enum ForeignModel {
    /// Writes the file and returns its path; the caller removes it.
    static func make() throws -> String {
        var bytes = try Data(contentsOf: URL(filePath: Fixtures.modelPath("tiny-llama.Q4_1")))
        func entry(_ letter: Character) -> [UInt8] { [1, 0, 0, 0, 0, 0, 0, 0] + Array(String(letter).utf8) }
        guard let place = bytes.range(of: Data(entry("a") + entry("b"))) else { throw CocoaError(.fileReadCorruptFile) }
        bytes.replaceSubrange(place, with: entry("b") + entry("a"))
        let file = FileManager.default.temporaryDirectory.appending(path: "foreign-\(UUID().uuidString).gguf")
        try bytes.write(to: file)
        return file.path
    }
}
