import CascadeCore
import OrderedCollections

/// How the coordinator learns a pool's tokenizer: an expert ships it (decisions.md 11).
extension CoordinatorStateMachine {
    /// What a pool's tokens stand for; nil while its tokenizer is unknown.
    func vocabulary(ofPool name: String) -> Vocabulary? {
        pools.vocabulary(of: name)
    }

    /// Until when whoever is asked now may take to ship a tokenizer, or the next part of it.
    var tokenizerDeadline: Instant { now.advanced(milliseconds: limits.tokenizerMilliseconds) }

    /// Decides whether a node shall ship its tokenizer block with its welcome: one expert of a pool whose tokenizer
    /// is unknown.
    mutating func askForTokenizer(_ handle: NodeHandle) -> Bool {
        guard let node = nodes[handle], let pool = pools[node.hello.pool] else { return false }
        guard node.hello.role == .expert, vocabulary(ofPool: pool.name) == nil else { return false }
        guard pool.tokenizerSource == nil || pool.tokenizerSource == handle else { return false }
        pools.expectTokenizer(from: handle, until: tokenizerDeadline, of: pool.name)
        transitions.count(.tokenizerAsked)
        return true
    }

    /// The expert that was asked is gone or too slow: asks the next one by welcoming it again.
    mutating func askAnotherForTokenizer(of name: String) {
        guard let pool = pools[name] else { return }
        let experts = nodes.elements.filter { $0.value.hello.pool == name && $0.value.hello.role == .expert }
            .map { $0.key }
        let next = experts.first { $0.rawValue > pool.tokenizerSource?.rawValue ?? 0 } ?? experts.first
        pools.expectTokenizer(from: nil, until: tokenizerDeadline, of: name)
        guard let next, askForTokenizer(next) else { return }
        let heartbeat = UInt32(limits.heartbeatMilliseconds)
        send(.welcome(Welcome(boot: boot, heartbeatMilliseconds: heartbeat, wantsTokenizer: true)), to: next)
    }

    mutating func takeChunk(_ chunk: TokenizerChunk, from handle: NodeHandle) {
        guard let node = nodes[handle], let pool = pools[node.hello.pool], pool.tokenizerSource == handle,
            let tokenizer = pool.tokenizer
        else { return }
        let total = Int(chunk.totalBytes)
        let isSound =
            chunk.vocabularyHash == pool.vocabularyHash && total <= limits.tokenizerBytes && !chunk.bytes.isEmpty
            && Int(chunk.offset) + chunk.bytes.count <= total
        guard isSound else {
            transitions.count(.requestInvalid)
            return
        }
        pools.extendTokenizerDeadline(to: tokenizerDeadline, of: pool.name)
        pools.noteProgress(of: pool.name, at: now)
        actions.append(.collectTokenizer(pool: pool.name, tokenizer, chunk))
    }

    mutating func learn(_ vocabulary: Vocabulary, of tokenizer: TokenizerID, inPool name: String) {
        guard !pools.knows(tokenizer) else { return }
        guard let pool = pools[name], pool.tokenizer == tokenizer, vocabulary.hash == tokenizer.vocabulary,
            vocabulary.count == pool.vocabularyCount
        else {
            actions.append(.forgetTokenizer(tokenizer))
            if pools[name]?.tokenizer == tokenizer {
                giveUpTokenizer(of: name, because: "the block describes other tokens than its sender's hello")
            }
            return
        }
        pools.learn(vocabulary, of: tokenizer)
        transitions.count(.vocabularyKnown)
        log(.info, "vocabulary known", LogField("pool", name))
        readNextPrompt()
    }

    /// The asked expert's block is of no use; it stays the source until its time is over, so that a broken block does
    /// not go in circles at the speed of the network.
    mutating func giveUpTokenizer(of name: String, because problem: String) {
        log(.warning, "tokenizer block unusable", LogField("pool", name), LogField("reason", problem))
    }
}
