/// A count with its noun, for people: `1 token`, `2 tokens`; `several` where an s does not make the plural.
package func plural(_ count: some BinaryInteger, _ noun: String, _ several: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : several ?? "\(noun)s")"
}
