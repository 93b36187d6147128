/// A span of time for people: `500 ms`, `1.5 s`, `90 s`; any number will do, as it may come of what a peer said.
package func spanText(milliseconds: Double) -> String {
    // What is no number is not below it either.
    let milliseconds = milliseconds < 1e15 ? max(0, milliseconds) : 1e15
    guard milliseconds >= 1_000 else { return "\(Int(milliseconds.rounded())) ms" }
    let tenths = Int((milliseconds / 100).rounded())
    return tenths.isMultiple(of: 10) ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
}
