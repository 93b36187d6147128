internal import CascadeCore

/// What `cascade bench serve` measured, as JSON and people see it.
struct ServeReport: Encodable {
    /// Version and commit of this program.
    var build: String
    /// The coordinator, and its program's version.
    var endpoint: String
    var coordinatorBuild: String
    /// Whether nodes without models answered: then the numbers are of the service alone.
    var synthetic: Bool
    /// The nodes that were there at the end.
    var nodes: [Node]
    /// The file of prompts, its prompts' number and a hash of them.
    var prompts: Prompts
    /// What was asked.
    var request: Request
    /// Times that every setting was measured.
    var turns: Int
    /// One entry for each concurrency and draft length, in the order asked for.
    var points: [ServePoint]
    /// What an earlier run's numbers are beside these; null where none was named.
    var comparison: Nullable<ServeComparison> = Nullable(nil)
    /// Whether all turns were run; false after Ctrl-C.
    var complete: Bool

    /// A node of the cluster.
    struct Node: Encodable {
        var nodeId: String
        var role: String
        var pool: String
        var model: String
        /// Names its cores: nodes with the same name share them.
        var host: String
    }

    /// Where the prompts came from.
    struct Prompts: Encodable {
        var file: String
        var count: Int
        var hash: String
    }

    /// What the jobs had in common.
    struct Request: Codable, Equatable {
        /// Null where the coordinator's default stood.
        var rule: Nullable<String>
        var alpha: Nullable<Double>
        var verifyMethod: String
        var temperature: Double
        var topK: Int
        var topP: Double
        var minP: Double
        var drafterKind: String
        var maxTokens: Int
        var raw: Bool
        var seed: UInt64
    }

    /// Jobs that failed, over all points.
    var failures: Int { points.reduce(0) { $0 + $1.failures } }
}
