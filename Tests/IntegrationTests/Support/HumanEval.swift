import CascadeEval
import CascadeTestSupport
import Foundation

/// Prompts of HumanEval, as `deploy/scripts/fetch-humaneval` fetches them.
enum HumanEval {
    /// Whether the prompts are there.
    static var exists: Bool {
        (try? HumanEvalProblem.fetchedFile()).map { FileManager.default.isReadableFile(atPath: $0.path) } == true
    }

    /// Whether tests that ask the default pair run: all of it is there, or must be.
    static var isTestableWithDefaultPair: Bool {
        Requirement.models.isSet
            || (RealModel.coderHalfBillion.isTestable && RealModel.coderOneAndAHalfBillion.isTestable && exists)
    }

    /// The first `count` prompts.
    static func prompts(_ count: Int) throws -> [String] {
        try HumanEvalProblem.load(HumanEvalProblem.fetchedFile()).prefix(count).map(\.prompt)
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
