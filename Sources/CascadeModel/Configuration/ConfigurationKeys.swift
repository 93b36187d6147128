/// Runs `body`, turning a fault of the file into an error of the model.
func wrapped<Result>(_ body: () throws(GGUFError) -> Result) throws(ModelError) -> Result {
    do throws(GGUFError) {
        return try body()
    } catch {
        throw .file(error)
    }
}

/// A file's keys under its architecture's prefix, with ranges.
struct ConfigurationKeys {
    let file: GGUFFile
    let prefix: String

    /// The integer `prefix.key`, or the default; outside the range an error names the key, and with `limit` what the
    /// range's end is.
    func integer(
        _ key: String,
        in range: ClosedRange<Int>,
        _ limit: String? = nil,
        multipleOf step: Int = 1,
        default fallback: Int? = nil
    ) throws(ModelError) -> Int {
        let name = "\(prefix).\(key)"
        if let fallback, file.entry(name) == nil { return fallback }
        let value = try wrapped { () throws(GGUFError) in try file.unsignedInteger(name) }
        guard range.contains(value), value % step == 0 else {
            var expected = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
            if let limit { expected += " (\(limit))" }
            if step > 1 { expected += ", a multiple of \(step)" }
            throw error(key, expected, "\(value)")
        }
        return value
    }

    /// The number `prefix.key`, or the default; outside the range an error names the key.
    func float(
        _ key: String,
        in range: ClosedRange<Float>,
        default fallback: Float? = nil
    ) throws(ModelError) -> Float {
        let name = "\(prefix).\(key)"
        if let fallback, file.entry(name) == nil { return fallback }
        let value = try wrapped { () throws(GGUFError) in try file.float(name) }
        guard range.contains(value) else {
            throw error(key, "\(range.lowerBound) to \(range.upperBound)", "\(value)")
        }
        return value
    }

    /// What rotary positions are multiplied by: a model whose context was stretched linearly was trained on fractions
    /// of positions. Other ways to stretch it are refused.
    func positionScale() throws(ModelError) -> Double {
        let kind = try wrapped { () throws(GGUFError) in try file.optionalString("\(prefix).rope.scaling.type") }
        guard ["none", "linear", nil].contains(kind) else {
            throw error("rope.scaling.type", "none or linear", kind ?? "")
        }
        // Without a type it is linear; the second name is an old one of the first. 0 stands for no scaling.
        let name = file.entry("\(prefix).rope.scaling.factor") != nil ? "rope.scaling.factor" : "rope.scale_linear"
        let factor = try float(name, in: 0...1e6, default: 0)
        return kind == "none" || factor == 0 ? 1 : 1 / Double(factor)
    }

    func error(_ key: String, _ expected: String, _ found: String) -> ModelError {
        .unsupportedMetadata(path: file.path, key: "\(prefix).\(key)", expected: expected, found: found)
    }
}
