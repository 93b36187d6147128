import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

/// The guarantees of decisions.md 7 on the default pair and two prompts, byte by byte;
/// `deploy/soak` sets CASCADE_SOAK and runs more prompts, longer.
@Suite(
    .serialized,
    .enabled(
        if: HumanEval.isTestableWithDefaultPair,
        "the default pair or HumanEval is not there: deploy/test fetches both"
    )
)
struct GuaranteeTests {
    private static let isSoak = ProcessInfo.processInfo.environment["CASCADE_SOAK"] != nil
    private static let (promptCount, maxTokens) = isSoak ? (8, 96) : (1, 16)
    private static let expert = RealModel.coderOneAndAHalfBillion.path
    private static let lengths = (0...8).map { "\($0)" } + ["adaptive"]
    private static let methods = RuleSettings.VerifyMethod.allCases.map(\.rawValue)
    private static let greedy = ["--temperature", "0"]
    private static let coupled = ["--temperature", "1.3", "--verify-method", "coupled", "--seed", "7"]

    /// How many answers are under way at a time: of more, the drafter keeps some waiting, and they go on without it.
    private static let atOnce = 4

    /// What is submitted, with which options.
    private typealias Command = (prompt: String, options: [String])

    /// What drafts: a model with options, or nothing but lookup.
    private static let drafters: [(name: String, model: String?, options: [String])] = [
        ("0.5B", RealModel.coderHalfBillion.path, []),
        (
            "0.5B with a trimmed vocabulary", RealModel.coderHalfBillion.path,
            ["--draft-vocabulary", "8000", "--draft-quantization", "q4_0"]
        ),
        ("lookup", nil, []),
        ("the expert's own model", RealModel.coderOneAndAHalfBillion.path, []),
    ]

    private func answer(_ cluster: TestCluster, _ prompt: String, _ options: [String]) async throws -> Answer {
        try Answer(
            await cluster.client(
                ["submit", prompt, "--raw", "--json", "--max-tokens", "\(Self.maxTokens)"] + options
            )
        )
    }

    /// The answers of many commands, in their order. Several are under way at a time: the expert takes what waits into
    /// one pass, which costs little more than a pass of its own, and who shares it must not show in any answer.
    private func answers(_ cluster: TestCluster, _ commands: [Command]) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            var answers: [Int: Answer] = [:]
            for (number, command) in commands.enumerated() {
                // Another one for each that has ended.
                if number >= Self.atOnce, let (done, answer) = try await group.next() { answers[done] = answer }
                group.addTask { (number, try await answer(cluster, command.prompt, command.options)) }
            }
            for try await (done, answer) in group { answers[done] = answer }
            return commands.indices.compactMap { answers[$0] }
        }
    }

    private func accepted(_ answer: Answer) -> Int { answer.speculative_decoding.num_accepted_draft_tokens }

    /// G1: lossless at temperature 0, by any method. G2: lossless and coupled at any temperature. The bytes are the
    /// expert's, whatever drafts and however much.
    @Test(.timeLimit(.minutes(60)))
    func losslessBytesDependOnNeitherDrafterNorLength() async throws {
        let prompts = try HumanEval.prompts(Self.promptCount) + [HumanEval.copying]
        let cluster = try TestCluster()
        try cluster.start(.expert, model: Self.expert)
        try await cluster.waitForReady(1, seconds: 120)
        let generated = try await Generated.run(model: Self.expert, texts: prompts, maxTokens: Self.maxTokens)
        var sampled: [[UInt32]] = []
        for (prompt, expected) in zip(prompts, generated) {
            let alone = ["--num-speculative-tokens", "0"]
            #expect(try await answer(cluster, prompt, Self.greedy + alone).tokens == expected.tokens)
            sampled.append(try await answer(cluster, prompt, Self.coupled + alone).tokens)
        }
        #expect(sampled != generated.map(\.tokens), "temperature 1.3 draws nothing else than the likeliest")
        for drafter in Self.drafters {
            var process: CascadeProcess?
            if let model = drafter.model {
                process = try cluster.start(.drafter, model: model, arguments: drafter.options)
                try await cluster.waitForReady(2, seconds: 120)
            }
            let kind = ["--drafter-kind", drafter.model == nil ? "lookup" : "model"]
            var commands: [Command] = []
            var expected: [(tokens: [UInt32], name: Comment)] = []
            for (index, length) in Self.lengths.enumerated() {
                // Nobody drafts then, whoever is there.
                if length == "0", drafter.name != Self.drafters[0].name { continue }
                let options = kind + ["--num-speculative-tokens", length]
                let method = ["--verify-method", Self.methods[index % Self.methods.count]]
                for (number, prompt) in prompts.enumerated() {
                    let name = "\(drafter.name), \(length), prompt \(number)"
                    commands.append((prompt, Self.greedy + options + method))
                    expected.append((generated[number].tokens, "\(name)"))
                    commands.append((prompt, Self.coupled + options))
                    expected.append((sampled[number], "\(name), coupled"))
                }
            }
            let answers = try await answers(cluster, commands)
            try #require(answers.count == expected.count)
            for (answer, expected) in zip(answers, expected) {
                #expect(answer.tokens == expected.tokens, expected.name)
            }
            let stood = answers.reduce(0) { $0 + accepted($1) }
            print("\(drafter.name): \(stood) drafted tokens stood")
            #expect(stood > 0, "\(drafter.name)")
            process?.signal(SIGTERM)
            try await cluster.waitForReady(1)
        }
    }

    /// G3: a rule at temperature 0 or coupled, with `--bonus rule`, one drafter and no lookup, gives the same bytes for
    /// any draft length as long as no round lacked a draft.
    @Test(.timeLimit(.minutes(60)))
    func ruledBytesDoNotDependOnTheLength() async throws {
        let prompts = try HumanEval.prompts(Self.promptCount) + [HumanEval.copying]
        let cluster = try TestCluster()
        try cluster.start(.expert, model: Self.expert)
        try cluster.start(.drafter, model: RealModel.coderHalfBillion.path)
        try await cluster.waitForReady(2, seconds: 120)
        var differs = 0
        for rule in [["--rule", "chow", "--alpha", "0.6"], ["--rule", "token-v3", "--alpha", "0.8"]] {
            for sampling in [Self.greedy, Self.coupled] {
                for prompt in prompts {
                    let fixed = rule + sampling + ["--bonus", "rule", "--drafter-kind", "model"]
                    let lengths = Self.lengths.dropFirst()
                    let answers = try await answers(
                        cluster,
                        lengths.map { (prompt, fixed + ["--num-speculative-tokens", $0]) }
                    )
                    try #require(answers.count == lengths.count)
                    var first: [UInt32]?
                    for (length, answer) in zip(lengths, answers) {
                        // The adaptive length may find that drafts do not pay.
                        if length == "adaptive", answer.cascade.unruled_positions > 0 { continue }
                        #expect(answer.cascade.unruled_positions == 0)
                        #expect(answer.tokens == first ?? answer.tokens, "\(rule) \(sampling) \(length)")
                        first = first ?? answer.tokens
                    }
                    let alone = try await answer(cluster, prompt, sampling + ["--num-speculative-tokens", "0"])
                    if alone.tokens != first { differs += 1 }
                }
            }
        }
        #expect(differs > 0, "no rule changed a byte: nothing was shown")
    }

    /// G1 and G2 with a drafter that dies, G1, G2 and G4 with an expert that dies, each in the middle of a round.
    @Test(.timeLimit(.minutes(60)))
    func killedNodesChangeNoByte() async throws {
        let prompt = try HumanEval.prompts(1)[0]
        let fixed = ["--num-speculative-tokens", "3", "--drafter-kind", "model"]
        let rejection = ["--rule", "token-v3", "--alpha", "0.6", "--temperature", "1.3", "--seed", "7"]
        for (role, ways) in [
            (NodeRole.drafter, [Self.greedy, Self.coupled]),
            (.expert, [Self.greedy, Self.coupled, rejection, rejection + ["--verify-method", "block"]]),
        ] {
            for way in ways {
                let trigger = KillTrigger(at: 3) {
                    switch $0 {
                    case .draft: role == .drafter
                    case .verify: role == .expert
                    default: false
                    }
                }
                let cluster = try TestCluster()
                let tap = try WireTap(target: cluster.port) { _, message in
                    trigger.see(message)
                    return .forward
                }
                let other = role == .drafter ? NodeRole.expert : .drafter
                try cluster.start(other, model: Self.model(other))
                let victim = try cluster.start(role, model: Self.model(role), through: tap)
                try await cluster.waitForReady(2, seconds: 120)
                let undisturbed = try await untouched(cluster, prompt, way + fixed)
                trigger.arm(victim)
                let client = try cluster.startClient(
                    ["submit", prompt, "--raw", "--json", "--max-tokens", "\(Self.maxTokens)"] + way + fixed
                )
                try await waitUntil("the \(role.rawValue) is killed in a round") { trigger.hasFired }
                if role == .expert { try cluster.start(role, model: Self.model(role)) }
                let answer = try Answer(await client.result())
                #expect(answer.tokens == undisturbed, "\(role.rawValue), \(way)")
            }
        }
    }

    private static func model(_ role: NodeRole) -> String {
        role == .expert ? expert : RealModel.coderHalfBillion.path
    }

    /// The answer of the same cluster before anything dies.
    private func untouched(_ cluster: TestCluster, _ prompt: String, _ options: [String]) async throws -> [UInt32] {
        let answer = try await answer(cluster, prompt, options)
        #expect(accepted(answer) > 0)
        return answer.tokens
    }
}
