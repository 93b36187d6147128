import Foundation
import GRDB
import Testing

@testable import CascadeStore

/// What is written is there, to the byte, or it is said what is not.
struct SQLiteJobStoreTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "cascade-store-\(UUID())")
    private var path: String { folder.appending(path: "deeper/jobs.sqlite").path }

    private func withStore<Result>(_ body: (SQLiteJobStore) throws -> Result) throws -> Result {
        let store = try SQLiteJobStore(path: path)
        defer { try? store.close() }
        return try body(store)
    }

    /// Opens the file as another program would.
    private func withDatabase<Result>(_ body: (Database) throws -> Result) throws -> Result {
        let database = try DatabaseQueue(path: path)
        defer { try? database.close() }
        return try database.inDatabase(body)
    }

    private func problem(_ body: () throws -> Void) -> String {
        do { try body() } catch { return "\(error)" }
        return "none"
    }

    @Test func rowsComeBackInOrder() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let long = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try withStore { store in
            try store.apply([
                .append(job: .max, bytes: [1]), .append(job: 2, bytes: []), .append(job: .max, bytes: long),
            ])
            try store.apply([.append(job: 2, bytes: [4])])
        }
        let rows = try withStore { try $0.load() }
        #expect(rows.rows.map(\.job) == [.max, 2, .max, 2])
        #expect(rows.rows.map(\.bytes) == [[1], [], long, [4]])
        #expect(rows.damaged.isEmpty)
    }

    @Test func aJobIsConcludedAndForgotten() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let rows = try withStore { store in
            for job: UInt64 in [1, 2] {
                try store.apply((0..<5).map { .append(job: job, bytes: [UInt8(job), $0]) })
            }
            try store.apply([.conclude(job: 1, bytes: [9]), .append(job: 3, bytes: [3]), .forget(job: 2)])
            return try store.load().rows
        }
        #expect(rows.map(\.job) == [1, 1, 3])
        #expect(rows.map(\.bytes) == [[1, 0], [9], [3]])
    }

    /// The log does not grow with what is written, and nothing is lost when it begins anew.
    @Test func theLogIsEmptied() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try withStore { store in
            var checkpoints = 0
            for number: UInt64 in 0..<1_000 {
                try store.apply([.append(job: number % 7, bytes: [UInt8](repeating: UInt8(number % 251), count: 900))])
                guard store.needsCheckpoint else { continue }
                try store.checkpoint()
                checkpoints += 1
                #expect(!store.needsCheckpoint)
            }
            #expect(checkpoints == 10)
            let log = try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int
            #expect(try #require(log) < 3 << 20, "\(log ?? 0) bytes")
            #expect(try store.load().rows.map(\.job) == (0..<1_000).map { $0 % 7 })
        }
    }

    /// What a dead process left in the log without a sync may be in memory alone: it is brought on disk before it is
    /// told.
    @Test func whatIsFoundIsOnDisk() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let copy = folder.appending(path: "copy.sqlite").path
        try withStore { store in
            try store.apply((1...4).map { .append(job: $0, bytes: [UInt8($0)]) })
            for suffix in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: copy + suffix)
            }
        }
        func bytes(_ path: String) throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        }
        #expect(try bytes(copy + "-wal") > 0)
        let store = try SQLiteJobStore(path: copy)
        defer { try? store.close() }
        #expect(try bytes(copy + "-wal") == 0)
        #expect(try store.load().rows.map(\.job) == [1, 2, 3, 4])
    }

    @Test func oneCoordinatorAtATime() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try withStore { _ in
            #expect(problem { _ = try SQLiteJobStore(path: path) }.contains("in use by another coordinator"))
        }
        #expect(try withStore { try $0.load().rows.isEmpty })
    }

    @Test func nobodyElseReadsIt() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try withStore { store in
            try store.apply([.append(job: 1, bytes: [1])])
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "deeper").path) {
                let file = folder.appending(path: "deeper/\(name)").path
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
        }
    }

    /// Every bit of a row that changes is seen, and no other job suffers.
    @Test func aChangedRowIsDamage() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try withStore { store in
            try store.apply((1...4).map { .append(job: $0, bytes: [1, 2, UInt8($0)]) })
        }
        try withDatabase { database in
            try database.execute(sql: "UPDATE journal SET bytes = x'0102fe' WHERE job = 1")
            try database.execute(sql: "UPDATE journal SET job = 7 WHERE job = 3")
            try database.execute(sql: "UPDATE journal SET number = 40 WHERE job = 4")
        }
        let rows = try withStore { try $0.load() }
        #expect(rows.rows.map(\.job) == [2])
        #expect(Set(rows.damaged.keys) == [1, 4, 7])
        #expect(rows.damaged[1]?.contains("checksum") == true)
    }

    @Test func otherFilesAreLeftAlone() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "deeper"), withIntermediateDirectories: true)
        try Data("these are my notes, and no database at all".utf8).write(to: URL(filePath: path))
        #expect(problem { _ = try SQLiteJobStore(path: path) }.contains("is damaged"))
        #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("these are my notes"))
        try FileManager.default.removeItem(atPath: path)
        try withDatabase { try $0.execute(sql: "CREATE TABLE mine (a)") }
        #expect(problem { _ = try SQLiteJobStore(path: path) }.contains("another program's database"))
        #expect(try withDatabase { try $0.tableExists("mine") && !$0.tableExists("journal") })
    }

    /// A file that lost its middle is not used.
    @Test func aTornFileIsRefused() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try withStore { store in
            try store.apply((0..<50).map { .append(job: $0, bytes: [UInt8](repeating: 1, count: 2_000)) })
        }
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.truncate(atOffset: 30_000)
        try file.close()
        let problem = problem { try withStore { _ = try $0.load() } }
        #expect(problem.contains("is damaged") && problem.contains("move it away"), "\(problem)")
    }

    @Test func checksumsAreThoseOfTheStandard() {
        var checksum = CRC32C()
        checksum.add("123456789".utf8)
        #expect(checksum.value == 0xE306_9283)
        var zeros = CRC32C()
        zeros.add([UInt8](repeating: 0, count: 32))
        #expect(zeros.value == 0x8A91_36AA)
    }
}
