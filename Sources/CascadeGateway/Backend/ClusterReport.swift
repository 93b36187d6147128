/// What people and the gateway's page ask of a cluster beside completions. The answers are the JSON of the commands of
/// the same names.
package enum ClusterReport: Equatable, Sendable {
    /// `cascade status`.
    case status
    /// `cascade nodes`.
    case nodes
    /// `cascade jobs`: so many, the newest first.
    case jobs(limit: Int)
}
