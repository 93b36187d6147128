import CascadeCore
import Foundation
import Testing

@testable import CascadeWire

/// Records that lie on a disk for a long time: they stay readable, and broken ones are errors.
struct JournalCodecTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/wire/v1")

    @Test("the bytes are what they were, and mean what they meant")
    func golden() throws { try check(JournalSamples.entries, "journal.hex") }

    @Test("so are those of fields that came later")
    func later() throws { try check(JournalSamples.laterEntries, "later/journal.hex") }

    @Test("and those of records about crashes")
    func crashes() throws { try check(JournalSamples.crashEntries, "later/journalCrashes.hex") }

    @Test("and those of log probabilities")
    func logprobs() throws { try check(JournalSamples.logprobEntries, "later/journalLogprobs.hex") }

    private func check(_ entries: [JournalRecord.Entry], _ name: String) throws {
        let file = Self.folder.appending(path: name)
        let rows = entries.map(JournalCodec.encode)
        if ProcessInfo.processInfo.environment["CASCADE_WRITE_GOLDEN"] != nil {
            try (rows.map(Hex.text).joined(separator: "\n") + "\n").write(
                to: file,
                atomically: true,
                encoding: .utf8
            )
        }
        let golden = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { try Hex.bytes($0) }
        #expect(try golden.map { bytes in try JournalCodec.decode(bytes) } == entries)
        #expect(rows == golden)
    }

    @Test("what is written is what is read")
    func roundTrip() throws {
        var generator = SplitMix64(seed: 31)
        for _ in 0..<2_000 {
            let entry = generator.journalEntry()
            #expect(try JournalCodec.decode(JournalCodec.encode(entry)) == entry)
        }
    }

    @Test("the longest answer that can be explained is read back, however little there is to explain")
    func plainExplanations() throws {
        var report = Samples.report
        report.tokens = [Token](repeating: 1, count: 2_048)
        report.text = []
        let entry = JournalRecord.Entry.finished(
            FinishedAnswer(
                report: report,
                origins: report.tokens.map { _ in .expert },
                explanations: report.tokens.map { _ in Explanation(round: 1, textBytes: 0, draft: nil) }
            )
        )
        #expect(try JournalCodec.decode(JournalCodec.encode(entry)) == entry)
    }

    @Test("the longest answer with log probabilities is read back, with as many bytes of tokens as are told")
    func longestLogprobs() throws {
        let limits = JobLimits.standard
        var generator = SplitMix64(seed: 33)
        var report = Samples.report
        report.tokens = [Token](repeating: 151_643, count: limits.explainedTokens)
        let most = Int(limits.logprobs)
        let bytes = [UInt8](repeating: 0xFF, count: Logprobs.mostBytes / (most + 1))
        let entry = JournalRecord.Entry.finished(
            FinishedAnswer(
                report: report,
                origins: report.tokens.map { _ in .expert },
                explanations: report.tokens.map { _ in
                    var explanation = generator.explanation()
                    explanation.logprobs = TokenLogprobs(
                        RankedLogprob(-0.3, rank: 1 << 30),
                        bytes: bytes,
                        top: (0..<most).map { _ in .init(TopLogprob(.max, -0.3), bytes: bytes) }
                    )
                    return explanation
                }
            )
        )
        #expect(try JournalCodec.decode(JournalCodec.encode(entry)) == entry)
    }

    @Test("a record cut at every byte, and 40,000 mutations, are records or errors")
    func broken() {
        var generator = SplitMix64(seed: 32)
        for entry in JournalSamples.entries + JournalSamples.crashEntries + [generator.journalEntry()] {
            let bytes = JournalCodec.encode(entry)
            for length in bytes.indices { #expect((try? JournalCodec.decode(Array(bytes[..<length]))) == nil) }
        }
        var survivors = 0
        for round in 0..<40_000 {
            var bytes = JournalCodec.encode(
                round % 4 == 0 ? generator.journalEntry() : generator.pick(JournalSamples.entries)
            )
            for _ in 0..<generator.pick(1...3) {
                let place = generator.pick(0...bytes.count - 1)
                bytes[place] ^= 1 << (generator.pick(0...7) as UInt8)
            }
            guard let entry = try? JournalCodec.decode(bytes) else { continue }
            survivors += 1
            #expect((try? JournalCodec.decode(JournalCodec.encode(entry))) == entry)
        }
        #expect((400..<39_000).contains(survivors), "\(survivors) survived")
    }

    @Test("errors name what is wrong")
    func errors() throws {
        #expect(throws: WireError.missing(message: "journalRecord", field: "protocol_version")) {
            try JournalCodec.decode([])
        }
        #expect(throws: WireError.version(theirs: 9, ours: 1)) { try JournalCodec.decode([8, 9, 16, 9]) }
        let none = "it must have exactly one of accepted, committed, finished, flight and expert_deaths"
        #expect(throws: WireError.malformed(message: "journalRecord", reason: none)) {
            try JournalCodec.decode([8, 1, 16, 1])
        }
        // Taken up, and experts that died.
        #expect(throws: WireError.malformed(message: "journalRecord", reason: none)) {
            try JournalCodec.decode([8, 1, 16, 1, 50, 0, 58, 0])
        }
    }
}

extension SplitMix64 {
    fileprivate mutating func journalEntry() -> JournalRecord.Entry {
        switch pick(0...5) {
        case 0:
            .accepted(
                AcceptedJob(
                    number: counter(),
                    submit: submit(),
                    seed: next(),
                    draftLength: draftLength(),
                    owner: JobOwner(name: text(), key: text())
                )
            )
        case 1:
            .committed(committed())
        case 2: .takenUp
        case 3: .putDown
        case 4: .expertDeaths(list(upTo: 8) { NodeIdentity(name: $0.text(), incarnation: $0.next()) })
        default:
            .finished(finished())
        }
    }

    private mutating func committed() -> CommittedTokens {
        let tokens = list(upTo: 20) { $0.token() }
        let start = AnswerStart(
            promptHash: hash(),
            maxTokens: count(),
            vocabularyHash: hash(),
            vocabularyCount: count(),
            modelFingerprint: hash(),
            numericsID: text(),
            modelName: text(),
            isSynthetic: flag(),
            queueMilliseconds: duration()
        )
        return CommittedTokens(
            start: flag() ? start : nil,
            offset: count(),
            tokens: tokens,
            origins: tokens.map { _ in enumeration() },
            explanations: flag() ? tokens.map { _ in explanation() } : [],
            text: bytes(),
            counts: counts(),
            round: count(),
            isExpertsTurn: flag(),
            ageMilliseconds: duration()
        )
    }

    private mutating func finished() -> FinishedAnswer {
        let report = report()
        return FinishedAnswer(
            report: report,
            origins: report.tokens.map { _ in enumeration() },
            explanations: flag() ? report.tokens.map { _ in explanation() } : []
        )
    }
}
