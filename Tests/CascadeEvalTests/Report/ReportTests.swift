import Foundation
import Testing

@testable import CascadeEval

struct CSVWriterTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a b", "a b"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
        ("two\nlines", "\"two\nlines\""), ("two\r\nlines", "\"two\r\nlines\""), ("\r", "\"\r\""), ("ü;|", "ü;|"),
    ])
    func quotes(field: String, expected: String) {
        #expect(CSVWriter.quoted(field) == expected)
    }

    @Test func writesRecords() {
        var writer = CSVWriter(header: ["rule", "pass@1"])
        writer.append(["lossy, 0.5", "0.61"])
        #expect(writer.text == "rule,pass@1\r\n\"lossy, 0.5\",0.61\r\n")
    }

    private func literal(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// Python's csv module reads back what was written.
    @Test func pythonReadsItBack() async throws {
        let fields = ["a", "", "b,c", "\"", "\"\"", "x\ny", "x\r\ny", ",\"\n", "ß€😀", " s "]
        var writer = CSVWriter(header: fields)
        writer.append(fields.reversed())
        let program = """
            import csv, io
            rows = list(csv.reader(io.StringIO(\(try literal(writer.text)), newline="")))
            assert rows == [\(try literal(fields)), \(try literal(Array(fields.reversed())))], rows
            """
        #expect(try await Isolations.runner(unsafe: Isolations.kinds[0]).run(program) == .passed)
    }
}

struct MarkdownTableTests {
    @Test func padsColumns() {
        var table = MarkdownTable([("rule", .left), ("s", .right), ("note", .left)])
        table.append(["exact", "1.25", "a|b"])
        table.append(["é", "10", "two\nlines"])
        #expect(
            table.text == """
                | rule  |    s | note      |
                | ----- | ---: | --------- |
                | exact | 1.25 | a\\|b      |
                | é     |   10 | two lines |

                """
        )
    }

    @Test(arguments: [("a", "a"), ("|", "\\|"), ("\\|", "\\\\\\|"), ("a\r\nb", "a b"), ("", "")])
    func escapes(cell: String, expected: String) {
        #expect(MarkdownTable.escaped(cell) == expected)
    }
}
