import CascadeHost
import CascadeModel
import CascadeTestSupport
import Testing

@testable import CascadeNode

/// Verdicts on a node's memory, and their words.
struct MemoryDemandTests {
    private static func need(_ tokens: Int) throws -> MemoryNeed {
        try MemoryNeed(
            file: GGUFFile(path: Fixtures.modelPath("tiny-llama.Q8_0")),
            load: LoadOptions(),
            engine: EngineOptions(threads: 2, contextTokens: tokens)
        )
    }

    private static func demand(_ tokens: Int) throws -> MemoryDemand {
        MemoryDemand(nodes: [.init(name: "tiny.gguf", need: try need(tokens))], processes: 5_000_000)
    }

    private static func memory(_ available: Int, limit: Int? = nil, promised: Int = 0) -> AvailableMemory {
        AvailableMemory(
            total: 8_000_000_000,
            available: available,
            limit: limit,
            isCutByLimit: limit != nil,
            promised: promised
        )
    }

    @Test func whatFitsToTheByteIsTaken() throws {
        let demand = try Self.demand(65_536)
        let limit = CacheLimit.tokens(65_536)
        #expect(demand.refusal(Self.memory(demand.total), limit: limit) == nil)
        #expect(demand.refusal(Self.memory(demand.total - 1), limit: limit) != nil)
    }

    @Test func theProposedCacheFitsAndALargerOneDoesNot() throws {
        let available = try Self.demand(65_536).total / 2
        let tokens = try Self.demand(65_536).cacheTokens(fitting: available)
        #expect(tokens.isMultiple(of: Engine.pageTokens))
        let (fits, doesNot) = (try Self.demand(tokens), try Self.demand(tokens + Engine.pageTokens))
        #expect(fits.total <= available && doesNot.total > available)
    }

    @Test func theMessageNamesNumbersCauseAndWaysOut() throws {
        let demand = try Self.demand(1_048_576)
        let memory = Self.memory(100_000_000, limit: 120_000_000, promised: 7_000_000)
        let text = try #require(demand.refusal(memory, limit: .tokens(1_048_576)))
        let tokens = demand.proposal(memory)
        #expect(tokens <= demand.cacheTokens(fitting: 100_000_000))
        for words in [
            "tiny.gguf needs", "weights", "for 1048576 tokens (--kv-tokens)", "buffers", "available are 100.0 MB",
            "the control group's limit of 120.0 MB", "7.0 MB kept for other nodes", "--kv-tokens \(tokens) fits",
            "a smaller model", "raise the container's memory limit",
        ] { #expect(text.contains(words), "\(words) is not in: \(text)") }
        let bare = try #require(demand.refusal(Self.memory(100_000_000), limit: .memory(bytes: 1 << 30)))
        #expect(bare.contains("(--kv-cache-memory-bytes)") && bare.contains("of the machine's 8.00 GB"))
        #expect(bare.contains("end what uses the memory") && !bare.contains("control group"))
    }

    /// A cache smaller than `--ctx-size` is of little use, so the message says what it costs.
    @Test func theContextIsTheLeastThatIsUseful() throws {
        let demand = try Self.demand(1_048_576)
        let available = try Self.demand(65_536).total
        let fitting = demand.proposal(Self.memory(available))
        let limit = CacheLimit.tokens(1_048_576)
        let enough = try #require(demand.refusal(Self.memory(available), limit: limit, context: 1_024))
        #expect(enough.contains("which is enough for --ctx-size 1024"))
        let short = try #require(demand.refusal(Self.memory(available), limit: limit, context: 100_000))
        #expect(short.contains("--ctx-size \(fitting) or less instead of 100000"))
        let none = try #require(demand.refusal(Self.memory(1_000_000), limit: limit))
        #expect(none.contains("no --kv-tokens is small enough"))
    }

    @Test func aClusterNamesItsNodes() throws {
        let file = try GGUFFile(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        var settings = MemoryDemand.Settings(cacheLimit: .tokens(65_536), maxBatchedTokens: 64, threads: 2)
        let demand = try MemoryDemand(expert: file, drafter: file, settings)
        #expect(try demand.total - demand.processes == 2 * Self.need(65_536).total)
        let text = try #require(demand.refusal(Self.memory(50_000_000), limit: .tokens(65_536)))
        #expect(text.contains("the cluster needs") && text.contains("the expert weights"))
        #expect(text.contains("the drafter weights"))
        #expect(try MemoryDemand(expert: nil, drafter: file, settings).nodes.map(\.name) == ["the drafter"])
        settings.cacheLimit = .memory(bytes: 1)
        #expect(throws: NodeError.self) { try MemoryDemand(expert: file, drafter: nil, settings) }
    }
}
