/// A table of a Markdown document, read so strictly that nothing which looks like a row is passed over.
struct MarkdownTable: Equatable {
    /// A row, and how the document writes it.
    struct Row: Equatable {
        let text: String
        let cells: [String]
    }

    /// What cannot be read, with the line that it is about.
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    let header: [String]
    let rows: [Row]

    /// All tables of a document, in their order.
    static func tables(in document: String) throws -> [MarkdownTable] {
        var tables: [MarkdownTable] = []
        var block: [String] = []
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        // One line more than there are ends the last table.
        for line in lines + [""] {
            if line.contains("|") {
                block.append(line)
            } else if !block.isEmpty {
                tables.append(try MarkdownTable(block))
                block = []
            }
        }
        return tables
    }

    private init(_ lines: [String]) throws {
        let rows = try lines.map { Row(text: $0, cells: try Self.cells($0)) }
        guard rows.count > 2 else { throw Problem(description: "a table without rows: \(lines[0])") }
        guard rows[1].cells.allSatisfy({ $0 == "---" }) else {
            throw Problem(description: "no line below a table's header: \(lines[1])")
        }
        if let odd = rows.first(where: { $0.cells.count != rows[0].cells.count }) {
            throw Problem(description: "\(odd.cells.count) cells, not \(rows[0].cells.count): \(odd.text)")
        }
        header = rows[0].cells
        self.rows = Array(rows.dropFirst(2))
    }

    private static func cells(_ line: String) throws -> [String] {
        guard line.hasPrefix("|"), line.hasSuffix("|"), line.count > 2 else {
            throw Problem(description: "a row begins and ends with a bar: \(line)")
        }
        return line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map { cell in
            let words = cell.drop { $0 == " " }
            return String(words.prefix(words.count - words.reversed().prefix { $0 == " " }.count))
        }
    }
}

extension MarkdownTable.Row {
    /// The words of a cell with a list; none where it is empty.
    func list(_ cell: Int) -> [String] {
        cells[cell].isEmpty ? [] : cells[cell].split(separator: ", ", omittingEmptySubsequences: false).map(String.init)
    }

    /// A cell's word, which has to be one of those that are known.
    func word<Word: RawRepresentable<String>>(_ text: String, as _: Word.Type = Word.self) throws -> Word {
        guard let word = Word(rawValue: text) else {
            throw MarkdownTable.Problem(description: "nobody knows the word '\(text)': \(self.text)")
        }
        return word
    }

    /// The same of a word that is written as code.
    func code<Word: RawRepresentable<String>>(_ text: String, as _: Word.Type = Word.self) throws -> Word {
        guard text.count > 2, text.hasPrefix("`"), text.hasSuffix("`") else {
            throw MarkdownTable.Problem(description: "'\(text)' should stand between backticks: \(self.text)")
        }
        return try word(String(text.dropFirst().dropLast()))
    }
}
