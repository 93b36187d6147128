import CascadeCore
import OrderedCollections

/// How the coordinator learns a pool's tokenizer: an expert ships it (decisions.md 11).
extension CoordinatorStateMachine {
    /// What a pool's tokens stand for; nil while its tokenizer is unknown.
    func vocabulary(ofPool name: String) -> Vocabulary? {
        pools[name]?.tokenizer.flatMap { vocabularies[$0] }
    }

    /// Decides whether a node shall ship its tokenizer block with its welcome: one expert of a pool whose tokenizer
    /// is unknown.
    mutating func askForTokenizer(_ handle: NodeHandle) -> Bool {
        guard let node = nodes[handle], let pool = pools[node.hello.pool] else { return false }
        guard node.hello.role == .expert, vocabulary(ofPool: pool.name) == nil else { return false }
        guard pool.tokenizerSource == nil || pool.tokenizerSource == handle else { return false }
        pools[pool.name]?.tokenizerSource = handle
        pools[pool.name]?.tokenizerDeadline = now.advanced(milliseconds: limits.tokenizerMilliseconds)
        transitions.count(.tokenizerAsked)
        return true
    }

    /// The expert that was asked is gone or too slow: asks the next one by welcoming it again.
    mutating func askAnotherForTokenizer(of name: String) {
        guard let pool = pools[name] else { return }
        let experts = nodes.elements.filter { $0.value.hello.pool == name && $0.value.hello.role == .expert }
            .map { $0.key }
        let next = experts.first { $0.rawValue > pool.tokenizerSource?.rawValue ?? 0 } ?? experts.first
        pools[name]?.tokenizerSource = nil
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
        pools[pool.name]?.tokenizerDeadline = now.advanced(milliseconds: limits.tokenizerMilliseconds)
        noteProgress(inPool: pool.name)
        actions.append(.collectTokenizer(pool: pool.name, tokenizer, chunk))
    }

    mutating func learn(_ vocabulary: Vocabulary, of tokenizer: TokenizerID, inPool name: String) {
        guard vocabularies[tokenizer] == nil else { return }
        guard let pool = pools[name], pool.tokenizer == tokenizer, vocabulary.hash == tokenizer.vocabulary,
            vocabulary.count == pool.vocabularyCount
        else {
            actions.append(.forgetTokenizer(tokenizer))
            if pools[name]?.tokenizer == tokenizer {
                giveUpTokenizer(of: name, because: "the block describes other tokens than its sender's hello")
            }
            return
        }
        vocabularies[tokenizer] = vocabulary
        transitions.count(.vocabularyKnown)
        log(.info, "vocabulary known", LogField("pool", name))
        for other in pools.keys where pools[other]?.tokenizer == tokenizer {
            pools[other]?.tokenizerSource = nil
        }
        readNextPrompt()
    }

    /// A pool has let go of its tokenizer, if it had one. It stays for a while, if others have it or it may come back;
    /// of those that no pool has, the longest unused go.
    mutating func releaseTokenizer(_ tokenizer: TokenizerID?) {
        if let tokenizer, let vocabulary = vocabularies.removeValue(forKey: tokenizer) {
            vocabularies[tokenizer] = vocabulary
        }
        let used = Set(pools.values.compactMap(\.tokenizer))
        let unused = vocabularies.keys.filter { !used.contains($0) }
        for tokenizer in unused.dropLast(limits.unusedVocabularies) {
            vocabularies[tokenizer] = nil
            actions.append(.forgetTokenizer(tokenizer))
        }
    }

    /// The asked expert's block is of no use; it stays the source until its time is over, so that a broken block does
    /// not go in circles at the speed of the network.
    mutating func giveUpTokenizer(of name: String, because problem: String) {
        log(.warning, "tokenizer block unusable", LogField("pool", name), LogField("reason", problem))
    }
}
