import CascadeCore
import CascadeStore
import CascadeTransport
import CascadeWire
import Foundation
import Testing

@testable import CascadeCoordinator
@testable import CascadeNode

/// What a store says of crashes: which jobs were in flight (decisions.md 26).
@Suite(.serialized, .timeLimit(.minutes(1))) struct CrashJournalTests {
    /// What the next coordinator would make of a store.
    private static func jobs(_ store: any JobStore) throws -> [JournaledJob] {
        try Journal.read(try store.load())
    }

    private static let job = EarlierJournal.waiting
    private static let experts = [
        NodeIdentity(name: "first", incarnation: 1), NodeIdentity(name: "second", incarnation: 2),
    ]

    /// Taken up and not put down is in flight at a crash; the last list of deaths counts.
    @Test(
        arguments: [
            ([], 0, 0), ([.takenUp], 1, 0), ([.takenUp, .putDown], 0, 0),
            ([.takenUp, .takenUp, .putDown, .takenUp], 2, 0),
            ([.takenUp, .expertDeaths([experts[0]]), .takenUp, .expertDeaths(experts)], 2, 2),
            ([.expertDeaths(experts), .expertDeaths([])], 0, 0),
        ] as [([JournalRecord.Entry], Int, Int)]
    )
    func recordsCount(entries: [JournalRecord.Entry], crashes: Int, deaths: Int) async throws {
        try await DriverStage.with { stage in
            let store = try stage.store()
            let writer = JournalWriter(store: store)
            for entry in [JournalRecord.Entry.accepted(EarlierJournal.accepted(4))] + entries {
                writer.append(JournalRecord(job: Self.job, entry: entry)) {}
            }
            writer.drain()
            let found = try #require(try Self.jobs(store).first)
            #expect(found.crashes == crashes && found.expertDeaths.count == deaths && found.damage == nil)
            // The end takes the place of them all.
            writer.append(JournalRecord(job: Self.job, entry: .finished(EarlierJournal.answer))) {}
            writer.drain()
            #expect(try store.load().rows.count == 2)
            try store.close()
        }
    }

    /// A driver that is stopped with a job in flight says so; one that is killed could not.
    @Test func aStopIsNoCrash() async throws {
        try await DriverStage.with { stage in
            let store = try stage.store()
            let journal = try Journal(store)
            let driver = try stage.start(journal: journal)
            let (client, expert) = (try stage.peer(), try stage.peer())
            _ = try await stage.join(expert)
            client.send(.submit(stage.submit("Hi!")))
            let asked = await expert.first { if case .verify(let verify) = $0 { verify } else { nil } }
            #expect(asked != nil)
            journal.writer.drain()
            #expect(try Self.jobs(store).map(\.crashes) == [1])
            await client.close()
            await expert.close()
            driver.stop("done")
            await driver.waitUntilStopped()
            journal.writer.drain()
            #expect(try Self.jobs(store).map(\.crashes) == [0])
            try journal.close()
        }
    }
}
