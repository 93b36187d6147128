import CascadeCore
import CascadeTestSupport
import Foundation
import Synchronization
import Testing

/// The commands of the guide's page on two machines, word by word, on machines of their own with 10 ms between them:
/// 5 ms each way.
///
/// What differs from the text: the models are tiny, and `scp` is a copy of the file.
@Suite(
    .serialized,
    .enabled(
        if: Requirement.netns.isSet || VirtualNetwork.isAvailable,
        "network namespaces cannot be made here: that takes root"
    )
)
struct TwoMachinesTests {
    private static let delay = Duration.milliseconds(5)
    private static let prompt = "Once upon a time there was"
    /// What the text leaves to its reader: models, and how `bench serve` measures.
    private static let settings = [
        "A": ["CASCADE_DRAFTER": ClusterTests.drafter, "CASCADE_EXPERT": ClusterTests.expert],
        "C": [
            "CASCADE_RAW": "1", "CASCADE_CONCURRENCY": "1", "CASCADE_NUM_SPECULATIVE_TOKENS": "0,4",
            "CASCADE_TURNS": "2", "CASCADE_SECONDS": "4",
        ],
    ]

    /// A node as `nodes --json` shows it.
    private struct Node: Decodable {
        var node_id: String
        var role: String
        var state: String
        var host: String
        var silent_ms: Double
    }

    private func reader(_ network: VirtualNetwork) -> GuideReader {
        GuideReader(
            network: network,
            substitutes: ["qwen2.5-coder-1.5b": ClusterTests.expert],
            environment: Self.settings
        )
    }

    private var client: [String] {
        ["--endpoint", "tcp://\(VirtualNetwork.entrance):5570", "--key", "join-client.key"]
    }

    private func nodes(_ network: VirtualNetwork) async throws -> [Node] {
        let result = try await network.run(["nodes", "--json"] + client, on: "C")
        guard result.code == 0 else { return [] }
        return try JSONDecoder().decode([Node].self, from: Data(result.output.utf8))
    }

    private func waitForReady(_ count: Int, _ network: VirtualNetwork) async throws {
        try await waitUntil("\(count) nodes are ready", seconds: 40) {
            try await nodes(network).filter { $0.state == "ready" }.count == count
        }
    }

    private var submission: [String] {
        [
            "submit", Self.prompt, "--raw", "--json", "--max-tokens", "200", "--num-speculative-tokens", "4",
            "--drafter-kind", "model",
        ] + client
    }

    private func expected() async throws -> [UInt32] {
        try await Generated.run(model: ClusterTests.expert, texts: [Self.prompt], maxTokens: 200)[0].tokens
    }

    @Test(.timeLimit(.minutes(4)))
    func theTextEndsWithAVerdict() async throws {
        let blocks = try GuideCommands(page: "two-machines.md", section: "The commands").blocks
        try #require(blocks.map(\.count) == [4, 4])
        try await VirtualNetwork.with(["A", "B", "C"]) { network in
            let proxy = try FaultProxy(network, latency: Self.delay)
            defer { proxy.close() }
            let prompts = network.home("C").appending(path: "prompts.jsonl")
            try #"{"prompt": "Once upon a time"}"#.write(to: prompts, atomically: true, encoding: .utf8)
            let reader = reader(network)
            for step in blocks[0] { try await reader.perform(step) }
            #expect(try await nodes(network).isEmpty, "A's cluster has ended")

            let up = try await reader.perform(blocks[1][0])
            let join = reader.words(blocks[1][2]).joined(separator: " ")
            #expect(up.errors.contains("\n  \(join)\n"), "\(up.errors)")
            try await reader.perform(blocks[1][1])
            let expert = try reader.start(blocks[1][2])
            try await waitForReady(2, network)
            let answer = try Answer(await network.run(submission, on: "C"))
            #expect(answer.tokens == (try await expected()))
            #expect(answer.speculative_decoding.num_accepted_draft_tokens > 0)

            let verdict = try await reader.perform(blocks[1][3]).output
            #expect(verdict.contains("against one-host.json"))
            for length in ["0", "4"] { try expectLatencyIsNamed(in: verdict, draftLength: length) }
            #expect(expert.errors.contains("joined"))
        }
    }

    /// Tiny models answer faster than the network: two machines must be found to lose, by what a round waits.
    private func expectLatencyIsNamed(in verdict: String, draftLength: String) throws {
        let start = "two hosts do not pay at 1 job, k \(draftLength): 0."
        let line = try #require(verdict.split(separator: "\n").first { $0.hasPrefix(start) }, "\(verdict)")
        let pattern =
            /each round waits ([0-9.]+) ms for messages and the coordinator \(([0-9.]+) ms on one host\) beside/
        let match = try #require(try pattern.firstMatch(in: String(line)), "\(line)")
        let (two, one) = (try #require(Double(match.1)), try #require(Double(match.2)))
        #expect(two >= 10 && two < 40 && one < 5, "\(line)")
    }

    /// Coordinator, drafter, two experts and client, each on a machine of its own; that of the expert which serves goes
    /// away in the middle of a round, without a word.
    @Test(.timeLimit(.minutes(4)))
    func anExpertsMachineGoesAway() async throws {
        let text = try GuideCommands(page: "two-machines.md", section: "The commands").blocks
        try await VirtualNetwork.with(["A", "B", "C", "D", "E"]) { network in
            let rounds = RoundWatch()
            let proxy = try FaultProxy(network, latency: Self.delay) { rounds.see($0, $1, $2) }
            defer { proxy.close() }
            let reader = reader(network)
            let up = try await reader.perform(text[1][0]).errors
            try network.copy(".config/cascade/keys/join-client.key", to: "C")
            // The drafter leaves A: the other line that was printed makes one elsewhere.
            let local = try #require(try await nodes(network).first)
            let drained = try await network.run(["nodes", "drain", local.node_id], on: "A")
            #expect(drained.code == 0, "\(drained.errors)")
            let line = try #require(up.split(separator: "\n").first { $0.contains("--role drafter") })
            try network.copy(".config/cascade/keys/join-drafter.key", to: "D")
            let drafter = try network.start(line.split(separator: " ").dropFirst().map(String.init), on: "D")
            // An expert for B as the text has it, and one for E with a key of its own.
            try await reader.perform(text[1][1])
            let first = try reader.start(text[1][2])
            let made = try await network.run(["keys", "new", "expert-2", "--role", "expert"], on: "A")
            #expect(made.code == 0, "\(made.errors)")
            try network.copy(".config/cascade/keys/expert-2.key", to: "E")
            let second = try network.start(
                ["join", "tcp://\(VirtualNetwork.entrance):5570", "--key", "expert-2.key"]
                    + ["--model", ClusterTests.expert],
                on: "E"
            )
            try await waitForReady(3, network)
            #expect(Set(try await nodes(network).map(\.host)).count == 3)

            rounds.arm(["B", "E"])
            try await Task.sleep(for: .seconds(2.5))
            #expect(rounds.messages(to: "B") + rounds.messages(to: "E") == 0, "heartbeats are no rounds")
            let job = try network.start(submission, on: "C")
            try await waitUntil("a round is under way") { rounds.victim != nil }
            let victim = try #require(rounds.victim)
            try network.setLink(of: victim, up: false)
            let survivor = victim == "B" ? "E" : "B"
            let answer = try Answer(await job.result())
            #expect(answer.tokens == (try await expected()))
            #expect(rounds.messages(to: survivor) > 10, "\(survivor) takes over")
            #expect(answer.speculative_decoding.num_accepted_draft_tokens > 0)
            try await waitUntil("the expert is missed") {
                try await nodes(network).filter { $0.role == "expert" && $0.state == "ready" }.count == 1
            }

            try network.setLink(of: victim, up: true)
            try await waitForReady(3, network)
            let node = victim == "B" ? first : second
            #expect(node.errors.contains("joining again"), "\(node.errors)")
            for process in [first, second, drafter] { #expect(kill(process.pid, 0) == 0) }
            let again = try Answer(await network.run(submission, on: "C"))
            #expect(again.tokens == answer.tokens)
        }
    }
}

/// Finds a round that is under way, in the sizes of encrypted messages: what a coordinator sends to an expert in a
/// round is longer than all that it says otherwise.
private final class RoundWatch: Sendable {
    private struct State {
        var candidates: Set<String> = []
        var victim: String?
        var messages: [String: Int] = [:]
    }

    /// Bytes of the shortest round.
    private static let least = 150
    /// Rounds before the one that is cut.
    private static let count = 8
    private let state = Mutex(State())

    /// Counts messages to these machines from now on.
    func arm(_ machines: Set<String>) { state.withLock { $0.candidates = machines } }

    /// The machine whose round is under way and goes nowhere: the line to it is cut.
    var victim: String? { state.withLock { $0.victim } }

    func messages(to machine: String) -> Int { state.withLock { $0.messages[machine] ?? 0 } }

    func see(_ machine: String, _ direction: FaultProxy.Direction, _ bytes: Int) -> Bool {
        guard direction == .toClient, bytes >= Self.least else { return true }
        return state.withLock { state in
            guard state.candidates.contains(machine) else { return true }
            state.messages[machine, default: 0] += 1
            if state.victim == nil, state.messages[machine] == Self.count {
                state.victim = machine
                return false
            }
            return true
        }
    }
}
