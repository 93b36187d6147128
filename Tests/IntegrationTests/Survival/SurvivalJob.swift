import CascadeTestSupport

/// A job whose tokens are promised whatever goes wrong, and these tokens.
struct SurvivalJob: Sendable {
    /// Why it is promised (decisions.md 7): G1 and G2 whatever fails, G4 where no draft is lost.
    enum Guarantee: String, Sendable {
        case greedy = "G1"
        case coupled = "G2"
        case fixedLength = "G4"
    }

    var guarantee: Guarantee
    var prompt: String
    var options: [String]
    var expected: [UInt32]
    var maxTokens = Self.maxTokens

    static let maxTokens = 96

    /// The command that submits it.
    var command: [String] {
        ["submit", prompt, "--raw", "--json", "--max-tokens", "\(maxTokens)"] + options
    }

    /// What is wrong with an answer to it; nil where nothing is.
    func problem(of answer: Answer) -> String? {
        let ledger = answer.cascade
        if answer.tokens != expected {
            let same = zip(answer.tokens, expected).prefix { $0 == $1 }.count
            return "\(guarantee.rawValue): \(answer.tokens.count) tokens for \(expected.count), equal up to \(same)"
        }
        if ledger.drafted != ledger.kept + ledger.matched + ledger.recovered + ledger.discarded {
            return "the ledger does not add up: \(ledger)"
        }
        if answer.tokens.count + ledger.cut != ledger.kept + ledger.matched + ledger.recovered + ledger.bonus {
            return "\(answer.tokens.count) tokens do not fit the ledger: \(ledger)"
        }
        if answer.usage.completion_tokens != answer.tokens.count { return "usage counts other tokens" }
        return nil
    }

    /// Jobs of all kinds with the tokens that the expert alone gives them: no cluster, no faults.
    static func all(prompts: [String] = ClusterTests.prompts, expert: String = ClusterTests.expert) async throws
        -> [Self]
    {
        let greedy = try await Generated.run(model: expert, texts: prompts, maxTokens: maxTokens)
        let seeded = ["--temperature", "1", "--seed", "11"]
        let sampled = try await Generated.run(model: expert, texts: prompts, maxTokens: maxTokens, more: seeded)
        let greedyOptions: [[String]] = [
            [], ["--num-speculative-tokens", "4", "--drafter-kind", "model"],
            ["--num-speculative-tokens", "3", "--verify-method", "block"], ["--num-speculative-tokens", "0"],
        ]
        let coupled = seeded + ["--verify-method", "coupled"]
        let coupledOptions = [coupled, coupled + ["--num-speculative-tokens", "5", "--drafter-kind", "model"]]
        var jobs: [Self] = []
        for (index, prompt) in prompts.enumerated() {
            for options in greedyOptions {
                jobs.append(Self(guarantee: .greedy, prompt: prompt, options: options, expected: greedy[index].tokens))
            }
            for options in coupledOptions {
                jobs.append(
                    Self(guarantee: .coupled, prompt: prompt, options: options, expected: sampled[index].tokens)
                )
            }
        }
        return jobs
    }

    /// A job that takes its time: `maxTokens` greedy tokens.
    static func long(maxTokens: Int) async throws -> Self {
        let prompt = ClusterTests.prompts[4]
        let answer = try await Generated.run(model: ClusterTests.expert, texts: [prompt], maxTokens: maxTokens)
        return Self(
            guarantee: .greedy,
            prompt: prompt,
            options: ["--num-speculative-tokens", "2", "--drafter-kind", "model"],
            expected: answer[0].tokens,
            maxTokens: maxTokens
        )
    }

    /// Jobs of rejection sampling with a fixed draft length: what a cluster says while nothing goes wrong.
    static func fixedLength(_ cluster: SurvivalCluster) async throws -> [Self] {
        try await withThrowingTaskGroup(of: Self.self) { group in
            for (index, method) in ["rejection", "block", "rejection"].enumerated() {
                let options = [
                    "--temperature", "0.9", "--seed", "\(index)", "--num-speculative-tokens", "3", "--drafter-kind",
                    "model", "--verify-method", method,
                ]
                let job = Self(
                    guarantee: .fixedLength,
                    prompt: ClusterTests.prompts[index],
                    options: options,
                    expected: []
                )
                group.addTask { [job] in
                    var job = job
                    job.expected = try Answer(await cluster.client(job.command)).tokens
                    return job
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
