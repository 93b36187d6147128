import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// Grammars as users ask for them: the answer is of that form and the same whatever is drafted.
@Suite(.serialized) struct ConstraintClusterTests {
    private static let grammar = "root ::= word (\", \" word)*\nword ::= [a-m] [a-z]+\n"

    /// Hands a file with this text to `body`.
    private func withFile<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "constraint-\(UUID().uuidString)").path
        try Data(text.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    private func submit(_ cluster: TestCluster, _ prompt: String, _ more: [String]) async throws -> Answer {
        try Answer(await cluster.client(["submit", prompt, "--raw", "--json", "--max-tokens", "40"] + more))
    }

    @Test(.timeLimit(.minutes(4)))
    func theBytesAreThoseOfTheExpertAlone() async throws {
        let cluster = try await TestCluster.tinyPair()
        try await withFile(Self.grammar) { path in
            let options = ["--grammar", path]
            for prompt in ClusterTests.prompts {
                for more in [[], ["--temperature", "0.8", "--seed", "3", "--verify-method", "coupled"]] {
                    let none = ["--num-speculative-tokens", "0"]
                    let alone = try await submit(cluster, prompt, options + more + none)
                    #expect(!alone.tokens.isEmpty)
                    for draft in [["1", "model"], ["4", "model"], ["7", "both"], ["adaptive", "both"]] {
                        let drafted = ["--num-speculative-tokens", draft[0], "--drafter-kind", draft[1]]
                        let answer = try await submit(cluster, prompt, options + more + drafted)
                        #expect(answer.tokens == alone.tokens, "\(draft), \(prompt)")
                    }
                }
            }
        }
    }

    /// A drafter whose head lacks most tokens drafts on, or stops; the answer is the same.
    @Test(.timeLimit(.minutes(2)))
    func slimDraftersChangeNothing() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: ClusterTests.expert)
        try cluster.start(.drafter, model: ClusterTests.drafter, arguments: ["--draft-vocabulary", "300"])
        try await cluster.waitForReady(2)
        for prompt in ClusterTests.prompts.prefix(3) {
            let alone = try await submit(cluster, prompt, ["--json-object", "--num-speculative-tokens", "0"])
            let draft = ["--json-object", "--num-speculative-tokens", "4", "--drafter-kind", "model"]
            #expect(try await submit(cluster, prompt, draft).tokens == alone.tokens, "\(prompt)")
        }
    }

    @Test func refusals() async throws {
        let missing = try await CascadeProcess.run(["submit", "x", "--grammar", "/no/such/file"])
        #expect(missing.code == 1 && missing.errors.contains("/no/such/file"), "\(missing.errors)")
        let both = try await CascadeProcess.run(["submit", "x", "--json-object", "--grammar", "f"])
        #expect(both.code == 2 && both.errors.contains("--grammar and --json-object exclude each other"))
        for (option, text, words) in [
            ("--grammar", "start ::= \"a\"", "root"), ("--json-schema", "{", ""),
            ("--grammar", "", "must have 1 to 65536 bytes, not 0"),
        ] {
            try await withFile(text) { path in
                let result = try await CascadeProcess.run(["submit", "x", option, path])
                #expect(result.code == 2 && result.errors.contains(path), "\(result.errors)")
                #expect(words.isEmpty || result.errors.contains(words), "\(result.errors)")
            }
        }
    }
}
