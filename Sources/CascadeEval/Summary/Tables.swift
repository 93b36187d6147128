/// Tables as comma-separated values (RFC 4180).
package struct CSVWriter: Sendable {
    /// The text so far: records that end with a carriage return and a newline, as RFC 4180 wants them.
    package private(set) var text = ""
    private let columns: Int

    /// Starts a table with the names of its columns.
    package init(header: [String]) {
        precondition(!header.isEmpty, "a table needs a column")
        columns = header.count
        append(header)
    }

    /// Adds a record with a field for each column.
    package mutating func append(_ fields: [String]) {
        precondition(fields.count == columns, "a record needs a field for every column")
        text += fields.map(Self.quoted).joined(separator: ",") + "\r\n"
    }

    /// `field`, in quotes if it has a comma, a quote or the end of a line in it; quotes inside are doubled.
    static func quoted(_ field: String) -> String {
        // Scalars, because a carriage return before a newline is one character with it.
        let needsQuotes = field.unicodeScalars.contains { [",", "\"", "\r", "\n"].contains($0) }
        return needsQuotes ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}

/// A table in GitHub's Markdown, padded so that its source reads as a table, too.
package struct MarkdownTable: Sendable {
    /// On which side the text of a column starts.
    package enum Alignment: Sendable {
        case left
        case right
    }

    private let header: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// Starts a table with the names of its columns; numbers read best on the right.
    package init(_ columns: [(name: String, alignment: Alignment)]) {
        precondition(!columns.isEmpty, "a table needs a column")
        header = columns.map { Self.escaped($0.name) }
        alignments = columns.map(\.alignment)
    }

    /// Adds a row with a cell for each column.
    package mutating func append(_ cells: [String]) {
        precondition(cells.count == header.count, "a row needs a cell for every column")
        rows.append(cells.map(Self.escaped))
    }

    /// The table's lines, each with its newline.
    package var text: String {
        let widths = header.indices.map { column in
            ([header] + rows).reduce(3) { max($0, $1[column].count) }
        }
        let rule = header.indices.map { column in
            let dashes = String(repeating: "-", count: widths[column] - 1)
            return alignments[column] == .left ? dashes + "-" : dashes + ":"
        }
        let lines = [line(header, widths), "| " + rule.joined(separator: " | ") + " |"] + rows.map { line($0, widths) }
        return lines.map { $0 + "\n" }.joined()
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { column in
            let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
            return alignments[column] == .left ? cells[column] + blanks : blanks + cells[column]
        }
        return "| " + padded.joined(separator: " | ") + " |"
    }

    /// A cell must stay in its column (GitHub Flavored Markdown, section 4.10) and on its line. A backslash before a
    /// pipe would undo the pipe's own.
    static func escaped(_ cell: String) -> String {
        cell.replacing("\r\n", with: " ").replacing("\n", with: " ").replacing("\r", with: " ")
            .replacing("\\|", with: "\\\\|").replacing("|", with: "\\|")
    }
}
