import CascadeCore
import CascadeFuzzing
import Foundation
import Testing

@testable import CascadeWire

/// The fuzzer's corpus through the fuzzer's own function: every path that it ever reached, in seconds and without
/// instrumentation. A trap would end the test process.
///
/// With `CASCADE_WRITE_SEEDS=1` the corpus of messages begins anew with messages of every kind.
struct FuzzCorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/fuzz")

    @Test("every input is a message or an error, and no promise breaks", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        let begins = ProcessInfo.processInfo.environment["CASCADE_WRITE_SEEDS"] != nil
        if begins, target == .messages { try Self.writeSeeds() }
        if begins, target == .journal { try Self.writeJournalSeeds() }
        let inputs = try Self.inputs(target)
        var understood = 0
        for input in inputs {
            do throws(FuzzFailure) {
                if try target.run(input) { understood += 1 }
            } catch {
                Issue.record("\(Hex.text(input)): \(error)")
            }
        }
        print("\(target.rawValue): \(inputs.count) inputs, \(understood) of them mean something")
        // Neither all nor none: else the corpus is only seeds, or never gets behind the first check.
        #expect(understood > 10 && understood < inputs.count)
    }

    @Test("the corpus has messages of every kind, whole and broken")
    func kinds() throws {
        var whole: Set<MessageKind> = []
        var broken: Set<String> = []
        for input in try Self.inputs(.messages) {
            do throws(WireError) {
                whole.insert(MessageKind(try WireCodec.decode(FuzzedFrames(input).sent)))
            } catch {
                switch error {
                case .malformed(let message, _), .tooLarge(let message, _, _, _), .frames(let message, _, _),
                    .missing(let message, _), .invalid(let message, _, _, _):
                    broken.insert(message)
                case .version: break
                }
            }
        }
        #expect(whole == Set(MessageKind.allCases))
        #expect(broken.isSuperset(of: MessageKind.allCases.map(\.name)))
    }

    @Test("an input is the frames that it was made of", arguments: MessageKind.allCases)
    func layout(kind: MessageKind) throws {
        let frames = WireCodec.encode(Samples.message(kind))
        let input = FuzzedFrames(sent: frames, allocations: 7)
        #expect(FuzzedFrames(input.bytes) == input)
        #expect(try WireCodec.decode(input.sent) == Samples.message(kind))
        #expect(FuzzedFrames([]).sent == [[]])
        #expect(FuzzedFrames([8]).sent.isEmpty)
    }

    // MARK: Files

    /// One input a line, in hexadecimal; lines that begin with `#` say why an input is there.
    private static func inputs(_ target: FuzzTarget) throws -> [[UInt8]] {
        var inputs: [[UInt8]] = []
        for name in ["\(target.rawValue).hex", "\(target.rawValue).kept.hex"] {
            let file = folder.appending(path: name)
            guard FileManager.default.fileExists(atPath: file.path) else { continue }
            let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            for line in lines where !line.hasPrefix("#") { inputs.append(try Hex.bytes(line)) }
        }
        return inputs
    }

    /// Jobs at every point of their lives, and the same with something missing.
    private static func writeJournalSeeds() throws {
        let entries = JournalSamples.entries + FuzzedJournal.unfinished
        let journals = [
            Array(entries[0..<1]), Array(entries[0..<2]), Array(entries[0..<3]), Array(entries[0..<4]),
            [entries[0], entries[3]], [entries[3]], [entries[1]], [entries[0], entries[2]], [],
        ]
        let unfinished = (1...FuzzedJournal.unfinished.count).map { Array(FuzzedJournal.unfinished.prefix($0)) }
        let crashes = (1...3).map { [entries[0]] + Array(repeating: .takenUp, count: $0) }
        let crashed = crashes + [[entries[0]] + JournalSamples.crashEntries]
        let lines = (journals + unfinished + crashed).map { entries in
            let records = entries.map { JournalRecord(job: JobID(rawValue: 1), entry: $0) }
            return Hex.text(FuzzedJournal(records: records).bytes)
        }
        let file = folder.appending(path: "journal.kept.hex")
        let cut = lines.map { String($0.dropLast(20)) }
        try ((lines + cut).filter { !$0.isEmpty }.joined(separator: "\n") + "\n")
            .write(to: file, atomically: true, encoding: .utf8)
    }

    private static func writeSeeds() throws {
        var generator = SplitMix64(seed: 8)
        let lines = MessageKind.allCases.flatMap { kind in
            [Samples.message(kind), generator.message(kind), generator.message(kind), generator.message(kind)].map {
                Hex.text(FuzzedFrames(sent: WireCodec.encode($0), allocations: generator.pick(0...40)).bytes)
            }
        }
        let file = folder.appending(path: "messages.hex")
        try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
    }
}
