/// What a store holds.
package struct StoredRows: Equatable, Sendable {
    /// One row.
    package struct Row: Equatable, Sendable {
        /// Whose it is.
        package var job: UInt64
        /// What it says.
        package var bytes: [UInt8]
    }

    /// Those that are as they were written, in the order of writing.
    package var rows: [Row] = []
    /// Jobs of which a row is not as it was written, and what is wrong with it, for people.
    package var damaged: [UInt64: String] = [:]
}
