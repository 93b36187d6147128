import CCascadeKernels
import CascadeTestSupport
import Testing

@testable import CascadeBench
@testable import CascadeModel

/// What `cascade bench engine` is made of.
@Suite struct BenchTests {
    @Test(arguments: KernelSet.names)
    func readersReadEveryWord(_ name: String) throws {
        guard (try? KernelSet(named: name)) != nil else {
            #expect(csk_select_reader(name) == nil)
            return
        }
        let reader = try #require(csk_select_reader(name))
        var generator = SeededGenerator(seed: 7)
        let words = (0..<8 * 133).map { _ in generator.next() }
        for blocks in 0...133 {
            let expected = words.prefix(8 * blocks).reduce(0, &+)
            #expect(words.withUnsafeBytes { reader($0.baseAddress, blocks * 64) } == expected, "\(blocks) blocks")
        }
    }

    @Test(arguments: [1, 2, 3, 7])
    func threadsReadTheWholeBufferTogether(_ threads: Int) throws {
        let reader = try MemoryReader(byteCount: 64 * 1_001, threads: threads)
        // read() itself traps when the sum is not that of the whole buffer.
        for _ in 0..<20 { #expect(reader.read() > 0) }
        #expect(reader.expectedSum == (0..<UInt64(8 * 1_001)).reduce(0, +))
    }

    @Test(
        arguments: [
            ([3], 3, 3, 3), ([4, 1], 1, 2.5, 4), ([5, 1, 3], 1, 3, 5), ([4, 1, 3, 2], 1, 2.5, 4),
        ] as [([Double], Double, Double, Double)]
    )
    func samplesAreInOrder(_ values: [Double], least: Double, median: Double, largest: Double) {
        let samples = Measurements(values)
        #expect(samples.least == least)
        #expect(samples.median == median)
        #expect(samples.largest == largest)
    }

    /// Runs a schedule over turns of these lengths; the turns taken in order.
    private func turns(_ durations: [Double], seconds: Double) -> [Int] {
        var schedule = TurnSchedule(count: durations.count, seconds: seconds)
        var elapsed = 0.0
        var taken: [Int] = []
        while let round = schedule.nextRound(elapsed: elapsed) {
            #expect(!round.isEmpty)
            #expect(round == round.sorted())
            for index in round {
                elapsed += durations[index]
                schedule.took(durations[index], turn: index)
                taken.append(index)
            }
        }
        #expect(elapsed <= max(seconds, durations.reduce(0, +)) + 1e-9)
        return taken
    }

    @Test func everyMeasurementHasOneTurnHoweverLong() {
        #expect(turns([0.1, 50, 3], seconds: 1) == [0, 1, 2])
    }

    @Test func equalMeasurementsTakeTurns() {
        let taken = turns([1, 1, 1], seconds: 30)
        #expect(taken.count == 30)
        #expect(taken.enumerated().allSatisfy { $0.element == $0.offset % 3 })
    }

    @Test func longMeasurementsDoNotCrowdShortOnesOut() {
        let durations = [0.03, 0.04, 0.1, 1, 5]
        let taken = turns(durations, seconds: 60)
        let counts = durations.indices.map { index in taken.count { $0 == index } }
        let times = zip(counts, durations).map { Double($0) * $1 }
        // Each has about a fifth of the time, the long one at least one turn.
        #expect(counts[4] >= 1)
        #expect(times.prefix(3).allSatisfy { $0 > 5 })
        // Short ones are still measured after the last turn of the long ones: spread over the whole time.
        #expect(taken.lastIndex(of: 0).map { $0 > taken.lastIndex(of: 4) ?? 0 } == true)
    }

    @Test func aPassReadsTheLayersAndTheHead() throws {
        for name in ["tiny-llama.f32", "tiny-qwen2.f16"] {
            let file = try GGUFFile(path: Fixtures.modelPath(name))
            let model = try Model.load(file)
            let embedding = try file.tensor(named: "token_embd.weight")
            let others = file.tensors.filter { $0.name != embedding.name }.map(\.byteCount).reduce(0, +)
            let head = file.optionalTensor(named: "output.weight") == nil ? embedding.byteCount : 0
            // Tiles and vectors are rounded up to 64 bytes and 16 rows.
            #expect(model.bytesPerPass >= others + head)
            #expect(model.bytesPerPass < others + head + embedding.byteCount / 4)
        }
    }

    @Test func everyRowCountIsMeasured() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let settings = EngineBenchmark.Settings(rows: [40, 4, 4], threads: 2, context: 30, seconds: 0.2)
        var shares: [Double] = []
        let result = try EngineBenchmark(model: model, settings: settings).run { shares.append($0) }
        #expect(result.rows.map(\.rows) == [1, 4, 40])
        #expect(result.rows.allSatisfy { $0.milliseconds.least > 0 })
        #expect(result.gigabytesPerSecond.least > 0)
        #expect(result.bytesPerPass == model.bytesPerPass)
        #expect(!shares.isEmpty && shares == shares.sorted())
    }

    @Test func aContextBeyondTheModelIsRefused() throws {
        let model = try Model.load(path: Fixtures.modelPath("tiny-llama.Q8_0"))
        let context = model.configuration.contextLength
        let settings = EngineBenchmark.Settings(rows: [1], threads: 1, context: context, seconds: 0.1)
        #expect(throws: ModelError.self) { try EngineBenchmark(model: model, settings: settings).run() }
    }
}
