import CascadeJSON
import Foundation
import Testing

@testable import CascadeGateway

/// What may become of a batch, and of a file of lines, without anything that keeps them.
@Suite struct BatchStateTests {
    private func batch() -> Batch {
        Batch(id: "batch_1", owner: "", endpoint: .text, inputFile: "file-1", createdAt: 100, window: 50)
    }

    /// Lets things happen one after the other, from second 101 on; says which of them could.
    private func take(_ events: [Batch.Event], _ batch: inout Batch) -> [Bool] {
        events.enumerated().map { batch.take($0.element, at: 101 + $0.offset) }
    }

    @Test func itsLife() {
        var batch = batch()
        let filed = Batch.Event.filed(output: "o", errors: nil, missing: 0)
        let taken = take(
            [
                .stop, filed, .validated(total: 3), .validated(total: 4), filed, .stop, .cancel, filed, .cancel, filed,
                .stop,
            ],
            &batch
        )
        #expect(taken == [false, false, true, false, false, true, false, true, false, false, false])
        #expect(batch.status == .completed && batch.outputFile == "o" && batch.total == 3)
        #expect(batch.times == [.validating: 100, .inProgress: 103, .finalizing: 106, .completed: 108])
        #expect(batch.expiresAt == 150)
    }

    @Test func otherEnds() {
        var (failed, cancelled, expired) = (batch(), batch(), batch())
        let problem = BatchProblem(code: "c", message: "m", param: nil, line: 7)
        let failing = take([.invalid([problem]), .cancel], &failed)
        #expect(failing == [true, false] && failed.status == .failed)
        #expect(failed.json.at("errors", "data", 0, "line") == .number("7"))
        let filed = Batch.Event.filed(output: nil, errors: "e", missing: 3)
        let cancelling = take([.cancel, .validated(total: 1), .cancel, filed], &cancelled)
        #expect(cancelling == [true, false, false, true] && cancelled.status == .cancelled)
        let expiring = take([.validated(total: 3), .stop, filed], &expired)
        #expect(expiring == [true, true, true] && expired.status == .expired && expired.failed == 3)
        #expect(failed.status.isEnd && cancelled.status.isEnd && expired.status.isEnd)
    }

    @Test func whatIsStoredIsReadAgain() throws {
        var batch = batch()
        batch.metadata = [("a", "1"), ("ü\"", "")]
        _ = batch.take(.invalid([BatchProblem(code: "c", message: "m", param: "p", line: nil)]), at: 7)
        var other = self.batch()
        other.status = batch.status
        try other.read(metadata: batch.texts.metadata, times: batch.texts.times, problems: batch.texts.problems)
        #expect(other == batch)
    }

    private func check(_ lines: [String], most: Int = 100) -> Batch.Event {
        var check = BatchFileCheck(endpoint: .text, mostLines: most)
        for (index, line) in lines.enumerated() { check.take(Array(line.utf8), number: index + 1, offset: 0) }
        return check.event
    }

    private func line(_ id: String) -> String {
        #"{"custom_id":"\#(id)","method":"POST","url":"/v1/completions","body":{"prompt":"a"}}"#
    }

    @Test func goodFiles() {
        #expect(check([line("a"), "", line("b"), " \r"]) == .validated(total: 2))
    }

    @Test(arguments: [
        ("{", "invalid_json_line"), ("[]", "invalid_json_line"), ("{}", "missing_required_parameter"),
        (#"{"custom_id":1}"#, "invalid_type"), (#"{"custom_id":""}"#, "invalid_custom_id"),
        (#"{"custom_id":"a","method":"GET"}"#, "invalid_method"),
        (#"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{}}"#, "mismatched_url"),
        (#"{"custom_id":"a","method":"POST","url":"/v1/completions"}"#, "missing_required_parameter"),
        (#"{"custom_id":"first","method":"POST","url":"/v1/completions","body":{}}"#, "duplicate_custom_id"),
        ("\u{FEFF}{}", "invalid_json_line"),
    ])
    func badLinesAreNamed(_ bad: String, _ code: String) {
        guard case .invalid(let problems) = check([line("first"), bad, line("third")]) else {
            Issue.record("\(bad) passes")
            return
        }
        #expect(problems.map(\.code) == [code] && problems.map(\.line) == [2])
    }

    @Test func tooManyLinesAndNone() {
        let code: (Batch.Event) -> String? = {
            if case .invalid(let problems) = $0 { problems.first?.code } else { nil }
        }
        #expect(code(check([])) == "empty_file")
        #expect(code(check(["", " "])) == "empty_file")
        #expect(code(check((0..<6).map { line("\($0)") }, most: 5)) == "too_many_tasks")
        #expect(code(check((0..<5).map { line("\($0)") }, most: 5)) == nil)
    }

    /// After so many problems the rest of a file is not looked at.
    @Test func complaintsHaveAnEnd() {
        var check = BatchFileCheck(endpoint: .text, mostLines: 5)
        for number in 1..<BatchFileCheck.mostProblems { check.take([0x7B], number: number, offset: 0) }
        #expect(!check.isOver)
        check.take([0x7B], number: 100, offset: 0)
        #expect(check.isOver)
    }

    @Test func linesOfAFile() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "lines-\(UUID().uuidString)").path
        let long = String(repeating: "x", count: 3 << 20)
        try Data("one\n\n\(long)\ntwo\r\nend".utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let reader = try LineReader(path: path, mostBytes: 100)
        var found: [String] = []
        while let line = try reader.next() {
            let text = line.bytes.map { String(decoding: $0, as: UTF8.self) }
            found.append("\(line.number) \(line.offset) \(text ?? "-")")
            if let text {
                #expect(try LineReader.read(path, offset: line.offset, count: text.utf8.count) == Array(text.utf8))
            }
        }
        #expect(found == ["1 0 one", "2 4 ", "3 5 -", "4 \(6 + (3 << 20)) two\r", "5 \(11 + (3 << 20)) end"])
    }

    @Test func roomIsGivenInOrder() async {
        let slots = LineSlots(1)
        #expect(await slots.take())
        let second = Task { await slots.take() }
        let third = Task { await slots.take() }
        third.cancel()
        #expect(await !third.value)
        slots.give()
        #expect(await second.value)
        slots.give()
        #expect(await slots.take())
    }
}
