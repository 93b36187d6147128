/// A span of time for people: `500 ms`, `1.5 s`, `90 s`.
package func spanText(milliseconds: Double) -> String {
    guard milliseconds >= 1_000 else { return "\(Int(milliseconds.rounded())) ms" }
    let tenths = Int((milliseconds / 100).rounded())
    return tenths.isMultiple(of: 10) ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
}
