import Testing

/// One ``SurvivalCluster`` for all tests of a suite: a fault must leave it as it was.
struct SurvivalScope: SuiteTrait, TestScoping {
    @TaskLocal static var current: SurvivalCluster?

    static let clients = 3

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let cluster = try await SurvivalCluster(clients: Self.clients)
        defer { cluster.close() }
        try await Self.$current.withValue(cluster) { try await function() }
    }
}
