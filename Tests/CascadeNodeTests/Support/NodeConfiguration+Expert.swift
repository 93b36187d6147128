import CascadeCore

@testable import CascadeNode

extension NodeConfiguration {
    /// A small expert of the default pool, without a model file.
    static func expert(at endpoint: String) -> NodeConfiguration {
        NodeConfiguration(
            role: .expert,
            modelPath: "",
            endpoint: endpoint,
            pool: "default",
            nodeName: "expert",
            threads: 1,
            contextLength: nil,
            cacheLimit: .tokens(64),
            maxBatchedTokens: 64,
            credits: 4,
            software: "test"
        )
    }
}
