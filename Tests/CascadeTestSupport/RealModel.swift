internal import CascadeHost
internal import Foundation

/// The real models that tests use where they have been fetched. Their files lie in `CASCADE_MODELS_DIR`, or else in
/// `~/.cache/cascade/models`.
package enum RealModel: String, CaseIterable, Sendable {
    case coderHalfBillion = "qwen2.5-coder-0.5b-instruct-q4_k_m"
    case coderOneAndAHalfBillion = "qwen2.5-coder-1.5b-instruct-q4_k_m"
    case smolLM2 = "SmolLM2-135M-Instruct.Q4_1"

    /// Where the file is, or would be.
    package var path: String {
        "\((try? Places().models()) ?? "")/\(rawValue).gguf"
    }

    /// Name of its reference answers among ``Fixtures/oracleNames``.
    package var oracleName: String {
        switch self {
        case .coderHalfBillion: "qwen2.5-coder-0.5b-instruct"
        case .coderOneAndAHalfBillion: "qwen2.5-coder-1.5b-instruct"
        case .smolLM2: "smollm2-135m-instruct-q4_1"
        }
    }

    /// Whether the file is there.
    package var exists: Bool { FileManager.default.isReadableFile(atPath: path) }

    /// Whether tests run with it: the file is there, or the environment's `CASCADE_REQUIRE` has `models`, so that the
    /// missing file fails the test instead of skipping it.
    package var isTestable: Bool { exists || Requirement.models.isSet }

    /// The models that tests run with.
    package static var testable: [RealModel] { allCases.filter(\.isTestable) }

    /// The reason to give where a test is skipped for want of `models`.
    package static func skipReason(_ models: [RealModel]) -> String {
        let names = models.filter { !$0.isTestable }.map(\.rawValue).joined(separator: ", ")
        return "not in CASCADE_MODELS_DIR or ~/.cache/cascade/models: \(names)"
    }
}
