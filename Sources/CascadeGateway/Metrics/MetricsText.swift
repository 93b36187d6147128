/// Writes Prometheus' text format, version 0.0.4.
struct MetricsText {
    /// What a metric is.
    enum Kind: String {
        case counter, gauge, histogram
    }

    /// A label with its value.
    typealias Label = (name: String, value: String)

    /// What was written.
    private(set) var text = ""

    /// Writes a metric with one value for each set of labels; nothing where there are no values.
    mutating func write(_ name: String, _ kind: Kind, _ help: String, _ values: [(labels: [Label], value: Double)]) {
        guard !values.isEmpty else { return }
        head(name, kind, help)
        for (labels, value) in values { sample(name, labels, value) }
    }

    /// Writes a metric without labels.
    mutating func write(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        write(name, kind, help, [([], value)])
    }

    /// Writes a histogram: buckets hold what they and all before them counted.
    mutating func write(_ name: String, _ help: String, _ histogram: Histogram) {
        head(name, .histogram, help)
        var total: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let edge = index < histogram.edges.count ? Self.number(histogram.edges[index]) : "+Inf"
            sample("\(name)_bucket", [("le", edge)], Double(total))
        }
        sample("\(name)_sum", [], histogram.sum)
        sample("\(name)_count", [], Double(total))
    }

    private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    private mutating func sample(_ name: String, _ labels: [Label], _ value: Double) {
        let list = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }.joined(separator: ",")
        text += "\(name)\(list.isEmpty ? "" : "{\(list)}") \(Self.number(value))\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
