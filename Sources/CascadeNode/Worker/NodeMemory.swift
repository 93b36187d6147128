internal import CascadeModel

/// A node's memory: worked out before anything is loaded.
package enum NodeMemory {
    /// What a node takes on top of model and engine while it works, in bytes: stacks, messages, sequences.
    static let workingBytes = 16_000_000

    /// What a process with the tokenizer of a file has in memory before it loads a model, in bytes: a drafter's, an
    /// expert's and, once an expert has sent it, the coordinator's.
    static func processBytes(vocabulary: Int) -> Int { 8_000_000 + vocabulary * 250 }

    /// Makes sure that a node's memory is there, and promises it to this process; to be called in the node's turn to
    /// load.
    ///
    /// - Throws: ``NodeError/lacking(_:)`` with the numbers, the cause and the ways out.
    static func claim(
        _ file: GGUFFile,
        load: LoadOptions,
        engine: EngineOptions,
        configuration: NodeConfiguration
    ) throws {
        let need = try MemoryNeed(file: file, load: load, engine: engine)
        let demand = MemoryDemand(nodes: [.init(name: file.path, need: need)], processes: workingBytes)
        // Where the kernel says nothing there is nothing to compare with.
        if let memory = AvailableMemory.read(),
            let refusal = demand.refusal(
                memory,
                limit: configuration.cacheLimit,
                context: configuration.contextLength
            )
        {
            throw NodeError.lacking(refusal)
        }
        MemoryPromise.make(bytes: demand.total)
    }

    /// What a drafter and an expert need together on one machine, with a coordinator beside them.
    package static func cluster(_ nodes: [PlannedNode]) throws(NodeError) -> MemoryDemand {
        var demand = MemoryDemand(nodes: [], processes: 0)
        var coordinator = 0
        for node in nodes {
            do {
                let (need, vocabulary) = try node.need()
                demand.nodes.append(.init(name: node.name, need: need))
                let process = workingBytes + processBytes(vocabulary: vocabulary)
                demand.processes += process
                coordinator = max(coordinator, process)
            } catch let error as NodeError {
                throw error
            } catch {
                throw .failed("\(error)")
            }
        }
        demand.processes += coordinator
        return demand
    }
}
