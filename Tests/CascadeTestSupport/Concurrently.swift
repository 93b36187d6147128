/// Does something with each element on all cores, for what is pure and takes long. What it expects is the running
/// test's.
package func concurrently<Element: Sendable>(
    _ elements: [Element],
    _ body: @escaping @Sendable @concurrent (Element) async -> Void
) async {
    await withTaskGroup { group in
        for element in elements { group.addTask { await body(element) } }
    }
}
