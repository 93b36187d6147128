import Foundation
import Testing

@testable import CascadeEval

struct ResultLogTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "result-log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    @Test func recordsComeBack() async throws {
        try await withFolder { folder in
            var first = EvalRecord.make("chow", alpha: 0.2, problem: "a", text: "two\nlines \"ü\"", passed: false)
            let second = EvalRecord.make("expert-only", problem: "a")
            do {
                let log = try ResultLog(folder: folder)
                try log.append(first)
                try log.append(second)
                first.logLikelihood = -0.25
                try log.append(first)
                #expect(log.records == [first, second])
            }
            let again = try ResultLog(folder: folder)
            #expect(again.records == [first, second])
            #expect(again.has(first.key) && !again.has("another"))
        }
    }

    /// What a process that died while it wrote leaves behind.
    @Test func aTornLineIsDroppedAndOthersFollowIt() async throws {
        try await withFolder { folder in
            let file = folder.appending(path: "results.jsonl")
            try ResultLog(folder: folder).append(.make("chow", problem: "a"))
            let whole = try Data(contentsOf: file)
            try (whole + whole.prefix(20)).write(to: file)
            try ResultLog(folder: folder).append(.make("chow", problem: "b"))
            #expect(try ResultLog(folder: folder).records.map(\.problem) == ["a", "b"])
        }
    }

    @Test func twoRunsDoNotShareAFolder() async throws {
        try await withFolder { folder in
            let log = try ResultLog(folder: folder)
            #expect(throws: EvalError.self) { try ResultLog(folder: folder) }
            try log.append(.make("chow", problem: "a"))
            #expect(log.records.count == 1)
        }
    }

    @Test func textThatIsNoResultStays() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appending(path: "results.jsonl")
            try Data("my notes".utf8).write(to: file)
            #expect(throws: EvalError.self) { try ResultLog(folder: folder) }
            #expect(try String(contentsOf: file, encoding: .utf8) == "my notes")
        }
    }

    @Test func anotherProgramsFileIsLeftAlone() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appending(path: "results.jsonl")
            try Data("{\"other\": 1}\n".utf8).write(to: file)
            let error = #expect(throws: EvalError.self) { try ResultLog(folder: folder) }
            #expect(error?.description.contains("line 1") == true)
            #expect(try String(contentsOf: file, encoding: .utf8) == "{\"other\": 1}\n")
        }
    }
}
