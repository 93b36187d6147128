/// Where a text under a constraint stands: the readings that are still possible, as a function of the grammar and the
/// text so far. Cheap to copy, compare and hash.
///
/// A reading is a stack of positions, the outermost call first; every position but the last is where its call returns
/// to. The empty stack says that the text may end here.
package struct ConstraintState: Hashable, Sendable {
    /// In ascending order, each once.
    var stacks: [[Int32]]

    /// Stands at the bottom of a stack for the calls around it, which are not looked at.
    static let hole: Int32 = -1

    var mayEnd: Bool { stacks.first?.isEmpty == true }
    /// Whether the calls around may go on from here.
    var hasHole: Bool { stacks.contains([Self.hole]) }
    var height: Int { stacks.reduce(0) { max($0, $1.count) } }
}
