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
