import CascadeCore
import CascadeStore
import CascadeTestSupport
import CascadeTransport
import CascadeWire
import Foundation
import Testing

@testable import CascadeCoordinator
@testable import CascadeNode

/// A store that an earlier version wrote is opened, and its jobs are what they were: a committed file, never written
/// anew but for a change of the format that is meant (`CASCADE_WRITE_GOLDEN=1`).
@Suite(.serialized, .timeLimit(.minutes(1))) struct EarlierJournalTests {
    private static let file = Fixtures.folder.appending(path: "store/v1/jobs.sqlite")

    /// Runs `body` with the path of a copy: opening a store writes to it.
    private func withCopy(_ folder: URL, _ body: (String) async throws -> Void) async throws {
        let copy = folder.appending(path: "jobs.sqlite")
        if ProcessInfo.processInfo.environment["CASCADE_WRITE_GOLDEN"] != nil { try write() }
        try FileManager.default.copyItem(at: Self.file, to: copy)
        try await body(copy.path)
    }

    private func write() throws {
        try? FileManager.default.removeItem(at: Self.file)
        let store = try SQLiteJobStore(path: Self.file.path)
        let writer = JournalWriter(store: store)
        for record in EarlierJournal.records { writer.append(record) {} }
        writer.drain()
        #expect(try writer.durable() == UInt64(EarlierJournal.records.count))
        try store.close()
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: Self.file.path + suffix) }
    }

    /// Row by row, and job by job.
    @Test func theJobsAreWhatTheyWere() async throws {
        try await DriverStage.with { stage in
            try await withCopy(stage.folder) { path in
                let store = try SQLiteJobStore(path: path)
                let stored = try store.load()
                #expect(stored.damaged.isEmpty)
                var entries: [JournalRecord] = []
                for row in stored.rows {
                    let entry = try JournalCodec.decode(row.bytes)
                    entries.append(JournalRecord(job: JobID(rawValue: row.job), entry: entry))
                    #expect(JournalCodec.encode(entry) == row.bytes)
                }
                // What was committed of a job that ended went with its end.
                let kept = EarlierJournal.records.filter { record in
                    guard case .committed = record.entry else { return true }
                    return record.job == EarlierJournal.halfFinished
                }
                #expect(entries == kept)

                let jobs = try Journal(store).takeJobs()
                #expect(jobs.map(\.damage) == [nil, nil, nil, nil])
                try #require(
                    jobs.map(\.id) == [
                        EarlierJournal.failed, EarlierJournal.answered, EarlierJournal.halfFinished,
                        EarlierJournal.waiting,
                    ]
                )
                #expect(jobs.map(\.accepted?.number) == [2, 1, 3, 4])
                #expect(
                    jobs.map(\.accepted) == [
                        EarlierJournal.accepted(2), EarlierJournal.accepted(1),
                        EarlierJournal.accepted(3, explains: true), EarlierJournal.accepted(4),
                    ]
                )
                #expect(jobs.map(\.finished) == [EarlierJournal.failure, EarlierJournal.answer, nil, nil])
                #expect(jobs.map { $0.answer != nil } == [false, false, true, false])
                let answer = try #require(jobs[2].answer)
                let (first, second) = (EarlierJournal.first, EarlierJournal.second)
                #expect(answer.start == EarlierJournal.start)
                #expect(answer.tokens == [7, 8, 9, 10] && answer.origins == [.kept, .matched, .expert, .expert])
                #expect(answer.explanations == first.explanations + second.explanations)
                #expect(answer.text == Array("hi".utf8) + [0xe2] && answer.counts == second.counts)
                #expect(answer.round == 4 && !answer.isExpertsTurn)
                #expect(answer.firstTokenMilliseconds == 80.25 && answer.ageMilliseconds == 160)
                try store.close()
            }
        }
    }

    /// A coordinator takes them up: what has ended is told, what has not waits for nodes and is followed from its
    /// beginning.
    @Test func aCoordinatorTakesThemUp() async throws {
        try await DriverStage.with { stage in
            try await withCopy(stage.folder) { _ in
                let journal = try Journal(try stage.store())
                let driver = try stage.start(journal: journal)
                let client = try stage.peer()
                client.send(.jobsRequest(JobsRequest(requestID: 1, limit: 10)))
                let list = try #require(
                    await client.first { if case .jobList(let list) = $0 { list.jobs } else { nil } }
                )
                let states = Dictionary(uniqueKeysWithValues: list.map { ($0.job, $0.state) })
                #expect(
                    states == [
                        EarlierJournal.answered: .finished, EarlierJournal.failed: .finished,
                        EarlierJournal.halfFinished: .queued, EarlierJournal.waiting: .queued,
                    ]
                )
                func watch(_ job: JobID) {
                    client.send(.watch(Watch(requestID: 2, job: job, tokenOffset: 0, byteOffset: 0)))
                }
                watch(EarlierJournal.answered)
                let ended = await client.first { if case .finished(let finished) = $0 { finished.report } else { nil } }
                #expect(ended == EarlierJournal.answer.report)
                watch(EarlierJournal.halfFinished)
                let delta = await client.first { message -> Delta? in
                    guard case .delta(let delta) = message, delta.job == EarlierJournal.halfFinished else { return nil }
                    return delta
                }
                #expect(delta?.tokens == [7, 8, 9, 10] && delta?.state == .queued)
                await client.close()
                driver.stop("done")
                await driver.waitUntilStopped()
                try journal.close()
            }
        }
    }
}
