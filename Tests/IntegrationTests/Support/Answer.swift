import Foundation

/// What `cascade submit --json` prints, as far as tests read it.
struct Answer: Decodable {
    var job_id: String
    var text: String
    var tokens: [UInt32]
    var finish_reason: String
    var usage: Usage
    var speculative_decoding: Speculation
    var cascade: Ledger

    struct Usage: Decodable {
        var prompt_tokens: Int
        var completion_tokens: Int
    }

    struct Speculation: Decodable {
        var mean_acceptance_length: Double?
        var num_spec_steps: Int
        var num_draft_tokens: Int
        var num_accepted_draft_tokens: Int
        var acceptance_histogram: [Int]
    }

    struct Ledger: Decodable {
        var rule: String
        var verify_method: String
        var seed: UInt64
        var drafted: Int
        var matched: Int
        var kept: Int
        var deferred: Int
        var recovered: Int
        var bonus: Int
        var discarded: Int
        var cut: Int
        var unruled_positions: Int
        var drafter_kind: String
        var draft_sources: Sources
        var copied: Int

        struct Sources: Decodable {
            var model: Int
            var lookup: Int
        }
    }

    init(_ result: CascadeProcess.Result) throws {
        guard result.code == 0 else { throw Failure(result: result) }
        self = try JSONDecoder().decode(Self.self, from: Data(result.output.utf8))
    }

    struct Failure: Error, CustomStringConvertible {
        var result: CascadeProcess.Result
        var description: String { "exit code \(result.code): \(result.errors) \(result.output)" }
    }
}

/// What `cascade model generate` prints per case.
struct Generated: Decodable {
    var tokens: [UInt32]
    var text: String
    var finish_reason: String

    /// Runs the reference: one model, no cluster; `more` are further options.
    static func run(
        model: String,
        texts: [String],
        maxTokens: Int,
        more: [String] = []
    ) async throws -> [Generated] {
        let cases = texts.map { Case(text: $0, parse_special: true, max_tokens: maxTokens) }
        let input = String(decoding: try JSONEncoder().encode(cases), as: UTF8.self)
        let result = try await CascadeProcess.run(
            ["model", "generate", "--model", model, "--cases", "-", "--json"] + more,
            input: input
        )
        guard result.code == 0 else { throw Answer.Failure(result: result) }
        return try JSONDecoder().decode([Generated].self, from: Data(result.output.utf8))
    }

    private struct Case: Encodable {
        var text: String
        var parse_special: Bool
        var max_tokens: Int
    }
}
