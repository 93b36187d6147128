import CascadeTestSupport
import Foundation

/// Prompts of HumanEval, as `deploy/scripts/fetch-humaneval` fetches them.
enum HumanEval {
    private struct Problem: Decodable {
        var prompt: String
    }

    private static var file: URL {
        let environment = ProcessInfo.processInfo.environment
        let folder =
            environment["CASCADE_DATA_DIR"].map { URL(filePath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/cascade/data")
        return folder.appending(path: "HumanEval.jsonl")
    }

    /// Whether the prompts are there.
    static var exists: Bool { FileManager.default.isReadableFile(atPath: file.path) }

    /// The first `count` prompts.
    static func prompts(_ count: Int) throws -> [String] {
        try String(contentsOf: file, encoding: .utf8).split(separator: "\n").prefix(count).map { line in
            try JSONDecoder().decode(Problem.self, from: Data(line.utf8)).prompt
        }
    }

    /// A prompt in HumanEval's manner whose answer repeats much of it.
    static let copying = """
        def area_of_rectangle(width, height):
            if width < 0 or height < 0:
                raise ValueError("width and height must not be negative")
            return width * height

        def perimeter_of_rectangle(width, height):
            if width < 0 or height < 0:

        """
}
