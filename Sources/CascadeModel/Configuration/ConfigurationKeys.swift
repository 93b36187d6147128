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

    /// The integer `prefix.key`, or the default; outside the range an error names the key.
    func integer(
        _ key: String,
        in range: ClosedRange<Int>,
        multipleOf step: Int = 1,
        default fallback: Int? = nil
    ) throws(ModelError) -> Int {
        let name = "\(prefix).\(key)"
        if let fallback, file.entry(name) == nil { return fallback }
        let value = try wrapped { () throws(GGUFError) in try file.unsignedInteger(name) }
        guard range.contains(value), value % step == 0 else {
            var expected = range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
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

    /// Refuses a file whose `prefix.key` turns on something that the engine does not compute.
    func refuse(_ key: String, unless value: Int, meaning: String) throws(ModelError) {
        let found = try wrapped { () throws(GGUFError) in try file.optionalUnsignedInteger("\(prefix).\(key)") }
        if let found, found != value { throw error(key, "\(value): \(meaning)", "\(found)") }
    }

    /// Refuses stretched rotary positions.
    func refuseScaling() throws(ModelError) {
        let kind = try wrapped { () throws(GGUFError) in try file.optionalString("\(prefix).rope.scaling.type") }
        if let kind, kind != "none" { throw error("rope.scaling.type", "none", kind) }
    }

    func error(_ key: String, _ expected: String, _ found: String) -> ModelError {
        .unsupportedMetadata(path: file.path, key: "\(prefix).\(key)", expected: expected, found: found)
    }
}
