import CascadeCore
import Testing

@testable import CascadeCoordinator
@testable import CascadeNode

struct TokenizerLoaderTests {
    private static func tokenizer(_ number: UInt64) -> TokenizerID {
        TokenizerID(model: Hash128(high: 0, low: number), vocabulary: Hash128(high: 1, low: number))
    }

    /// An expert that said hello before there was a coordinator is welcomed twice, and sends its block twice.
    @Test(.timeLimit(.minutes(1))) func theSameBlockAgainIsNoProblem() async throws {
        var loader = TokenizerLoader()
        let (wakes, continuation) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<3 {
            try loader.load([1, 2, 3], of: Self.tokenizer(1), pool: "a") { continuation.yield() }
        }
        #expect(throws: NodeError.self) { try loader.load([1], of: Self.tokenizer(2), pool: "a") {} }
        var iterator = wakes.makeAsyncIterator()
        await iterator.next()
        #expect(loader.take().map(\.identity) == [Self.tokenizer(1)])
        // Once it is read, another may come.
        try loader.load([1], of: Self.tokenizer(2), pool: "a") { continuation.yield() }
        await iterator.next()
        #expect(loader.take().map(\.identity) == [Self.tokenizer(2)])
    }
}
