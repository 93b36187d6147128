internal import CascadeModel
internal import CascadeNode

/// Whether this machine has the memory for what `up` runs on it.
enum UpMemory {
    /// What decides it besides the models.
    struct Settings {
        var draftModel = DraftModelSettings()
        var cacheLimit = CacheLimit.tokens(CacheOptions.defaultTokens)
        var sled: SLEDSettings?
        /// Compute threads of each node; nil for as many as there are cores.
        var threads: Int?
    }

    /// What the cluster needs, without the nodes whose model is nil; throws where a model cannot be read.
    static func demand(expert: String?, drafter: String?, _ settings: Settings) throws -> MemoryDemand {
        func node(_ name: String, _ path: String) -> PlannedNode {
            PlannedNode(
                name: name,
                path: path,
                cacheLimit: settings.cacheLimit,
                maxBatchedTokens: NodeOptions.defaultMaxBatchedTokens,
                threads: settings.threads ?? AvailableCores.count()
            )
        }
        var nodes: [PlannedNode] = []
        if let expert {
            var large = node("the expert", expert)
            large.sled = settings.sled
            nodes.append(large)
        }
        if let drafter {
            var small = node("the drafter", drafter)
            small.draftModel = settings.draftModel
            nodes.append(small)
        }
        return try NodeMemory.cluster(nodes)
    }

    /// Throws with the numbers where the memory is not there.
    static func check(expert: String?, drafter: String?, _ settings: Settings) throws {
        // A coordinator alone has no model to find room for.
        guard expert != nil || drafter != nil else { return }
        let demand: MemoryDemand
        do {
            demand = try Self.demand(expert: expert, drafter: drafter, settings)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        guard let memory = AvailableMemory.read() else { return }
        if let refusal = demand.refusal(memory, limit: settings.cacheLimit) { throw CommandFailure.failed(refusal) }
    }
}
