internal import Foundation

/// Aligned columns for people.
package enum Table {
    /// Columns of a terminal that a table keeps to where it can.
    package static let width = 100

    /// Rows of cells as lines, columns two spaces apart. Cells may come from others: they are made ``Printable``.
    ///
    /// - Parameter shortened: the column whose cells give way where lines would be longer than ``width``: an ellipsis
    ///   stands for their middle. Nil where every word counts.
    package static func text(_ rows: [[String]], shortened: Int? = nil) -> String {
        var rows = rows.map { $0.map(Printable.line) }
        var widths = self.widths(rows)
        let excess = widths.reduce(0, +) + 2 * max(0, widths.count - 1) - width
        if let shortened, widths.indices.contains(shortened), excess > 0 {
            let most = max(12, widths[shortened] - excess)
            for index in rows.indices where rows[index].indices.contains(shortened) {
                rows[index][shortened] = short(rows[index][shortened], most)
            }
            widths = self.widths(rows)
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column + 1 < row.count { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line
        }.joined(separator: "\n")
    }

    private static func widths(_ rows: [[String]]) -> [Int] {
        (0..<(rows.map(\.count).max() ?? 0)).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
    }

    /// A text of at most `count` characters; of a longer one the beginning and the end.
    private static func short(_ text: String, _ count: Int) -> String {
        guard text.count > count else { return text }
        let end = (count - 1) / 2
        return "\(text.prefix(count - 1 - end))…\(text.suffix(end))"
    }
}

/// A value that JSON shows as `null` where it is missing, so that scripts find every key every time.
package struct Nullable<Value: Encodable>: Encodable {
    /// The value, if there is one.
    package var value: Value?

    /// Wraps a value, or none.
    package init(_ value: Value?) {
        self.value = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension Nullable: Decodable where Value: Decodable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        value = container.decodeNil() ? nil : try container.decode(Value.self)
    }
}

extension Nullable: Equatable where Value: Equatable {}

/// A number with a fixed count of decimals.
package func decimalText(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
}
