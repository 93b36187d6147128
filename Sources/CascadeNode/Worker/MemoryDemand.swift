internal import CascadeCore
package import CascadeHost
package import CascadeModel
internal import CascadeText
internal import Foundation

/// What one node needs, or several on one machine together, and what to say where that is not there.
package struct MemoryDemand: Sendable {
    /// One node of it.
    package struct Node: Sendable {
        /// What messages call it: a model file, `the expert`.
        package var name: String
        /// What its model and engine need.
        package var need: MemoryNeed

        /// Creates a node.
        package init(name: String, need: MemoryNeed) {
            self.name = name
            self.need = need
        }
    }

    /// What decides the demand of nodes besides their models.
    package struct Settings: Sendable {
        /// How a drafter slims its model.
        package var draftModel: DraftModelSettings
        /// What each cache holds.
        package var cacheLimit: CacheLimit
        /// Most rows of one pass.
        package var maxBatchedTokens: Int
        /// Compute threads of each node.
        package var threads: Int
        /// How early exits move an expert's logits.
        package var sled: SLEDSettings?

        /// Creates settings.
        package init(
            draftModel: DraftModelSettings = DraftModelSettings(),
            cacheLimit: CacheLimit,
            maxBatchedTokens: Int,
            threads: Int,
            sled: SLEDSettings? = nil
        ) {
            (self.draftModel, self.cacheLimit, self.maxBatchedTokens) = (draftModel, cacheLimit, maxBatchedTokens)
            (self.threads, self.sled) = (threads, sled)
        }

        /// What the model of a file and an engine for it need in a node of that role.
        fileprivate func need(_ role: NodeRole, _ file: GGUFFile, _ model: ModelConfiguration) throws -> MemoryNeed {
            var load = LoadOptions()
            if role == .drafter {
                load.quantization = draftModel.quantization
                // Only a trimmed head depends on what the tokens are, and reading them all takes a while.
                if draftModel.vocabulary > 0 {
                    let definition = try file.tokenizerDefinition()
                    load = try draftModel.loadOptions(definition, Tokenizer(definition).vocabulary)
                }
            }
            let options = EngineOptions(
                threads: threads,
                contextTokens: try cacheLimit.tokens(bytesPerToken: model.cacheBytesPerToken),
                maximumRows: maxBatchedTokens,
                sled: role == .expert ? sled : nil
            )
            return try MemoryNeed(file: file, load: load, engine: options)
        }
    }

    /// What a node takes on top of model and engine while it works, in bytes: stacks, messages, sequences.
    private static let workingBytes = 16_000_000

    /// What a process with the tokenizer of a file has in memory before it loads a model, in bytes: a drafter's, an
    /// expert's and, once an expert has sent it, the coordinator's.
    private static func processBytes(vocabulary: Int) -> Int { 8_000_000 + vocabulary * 250 }

    /// The nodes.
    package var nodes: [Node]
    /// What their processes need besides models and engines, in bytes.
    package var processes: Int

    /// Creates a demand.
    package init(nodes: [Node], processes: Int) {
        self.nodes = nodes
        self.processes = processes
    }

    /// What an expert and a drafter with these model files need together on one machine, with a coordinator beside
    /// them; without the node whose file is nil.
    package init(expert: GGUFFile?, drafter: GGUFFile?, _ settings: Settings) throws(NodeError) {
        self.init(nodes: [], processes: 0)
        var coordinator = 0
        for (role, file) in [(NodeRole.expert, expert), (.drafter, drafter)] {
            guard let file else { continue }
            do {
                let model = try ModelConfiguration(file)
                nodes.append(Node(name: "the \(role.rawValue)", need: try settings.need(role, file, model)))
                let process = Self.workingBytes + Self.processBytes(vocabulary: model.vocabulary)
                processes += process
                coordinator = max(coordinator, process)
            } catch let error as NodeError {
                throw error
            } catch {
                throw .failed("\(error)")
            }
        }
        processes += coordinator
    }

    /// Makes sure that the memory of this process's node is there, and promises it to it; to be called in the node's
    /// turn to load.
    ///
    /// - Throws: ``NodeError/lacking(_:)`` with the numbers, the cause and the ways out.
    static func claim(
        _ file: GGUFFile,
        load: LoadOptions,
        engine: EngineOptions,
        configuration: NodeConfiguration
    ) throws {
        let need = try MemoryNeed(file: file, load: load, engine: engine)
        let demand = MemoryDemand(nodes: [Node(name: file.path, need: need)], processes: workingBytes)
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

    /// All of it, in bytes.
    package var total: Int { nodes.reduce(processes) { $0 + $1.need.total } }

    /// The most tokens of each node's cache, whole pages, with which all of it fits into that many bytes.
    package func cacheTokens(fitting bytes: Int) -> Int {
        let rest = nodes.reduce(processes) { $0 + $1.need.weights + $1.need.buffers }
        let page = nodes.reduce(0) { $0 + $1.need.cachePage }
        return max(0, bytes - rest) / max(page, 1) * Engine.pageTokens
    }

    /// Why it does not fit and the ways out; nil where it fits.
    ///
    /// - Parameters:
    ///   - limit: how the caches were limited.
    ///   - context: tokens that one sequence must be able to have, where the user said so: no smaller cache is proposed
    ///     without saying so.
    package func refusal(_ memory: AvailableMemory, limit: CacheLimit, context: Int? = nil) -> String? {
        guard total > memory.available else { return nil }
        let flag = if case .memory = limit { "--kv-cache-memory-bytes" } else { "--kv-tokens" }
        let parts = nodes.map { node in
            let need = node.need
            return "\(nodes.count > 1 ? "\(node.name) " : "")weights \(Self.text(need.weights)), "
                + "KV cache \(Self.text(need.cache)) for \(need.cacheTokens) tokens (\(flag)), "
                + "buffers \(Self.text(need.buffers))"
        }
        let subject = nodes.count > 1 ? "the cluster" : nodes.first?.name ?? "nothing"
        let need =
            "\(subject) needs \(Self.text(total)) of memory: \(parts.joined(separator: "; ")), "
            + "\(nodes.count > 1 ? "and all processes" : "and the process") \(Self.text(processes))"
        return "\(need); \(cause(memory)); \(waysOut(memory, context: context))"
    }

    /// The tokens that a refusal proposes: a little less than what fits now, because a moment later it is another
    /// number.
    func proposal(_ memory: AvailableMemory) -> Int {
        min(cacheTokens(fitting: memory.available - memory.available / 50), CacheLimit.range.upperBound)
    }

    private func cause(_ memory: AvailableMemory) -> String {
        var cause = "available are \(Self.text(memory.available))"
        if memory.isCutByLimit, let limit = memory.limit {
            cause += ", which is what the control group's limit of \(Self.text(limit)) leaves"
        } else {
            cause += " of the machine's \(Self.text(memory.total))"
        }
        guard memory.promised > 0 else { return cause }
        return cause + ", \(Self.text(memory.promised)) kept for other nodes that run here"
    }

    private func waysOut(_ memory: AvailableMemory, context: Int?) -> String {
        var ways: [String] = []
        let fitting = proposal(memory)
        if fitting < CacheLimit.range.lowerBound {
            ways.append("no --kv-tokens is small enough")
        } else if let context, fitting < context {
            ways.append("--kv-tokens \(fitting) fits, with --ctx-size \(fitting) or less instead of \(context)")
        } else {
            ways.append("--kv-tokens \(fitting) fits")
            if let context { ways[0] += ", which is enough for --ctx-size \(context)" }
        }
        ways.append("take a smaller model")
        ways.append(memory.isCutByLimit ? "raise the container's memory limit" : "end what uses the memory")
        return "ways out: " + ways.joined(separator: "; ")
    }

    private static func text(_ bytes: Int) -> String {
        bytes >= 1_000_000_000
            ? String(format: "%.2f GB", Double(bytes) / 1e9) : String(format: "%.1f MB", Double(bytes) / 1e6)
    }
}
