import CascadeCore
import OrderedCollections

/// From a prompt to its tokens. The driver makes them, beside everything else that it does, one prompt after the other.
extension CoordinatorStateMachine {
    /// Has the next prompt read whose pool's tokenizer is known.
    mutating func readNextPrompt() {
        guard let id = prompts.next(where: { isReadable($0) }), let job = jobs[id], let pool = pools[job.submit.pool],
            let tokenizer = pool.tokenizer
        else { return }
        prompts.begin(id, weight: jobs.owners[job.owner.name]?.limits.weight ?? 1)
        let mayBegin = takeUp(id)
        jobs.change(id) { $0.beginTokenizing(tokenizer) }
        let tokenization = Tokenization(
            job: id,
            pool: pool.name,
            tokenizer: tokenizer,
            prompt: job.submit.prompt,
            format: job.submit.format,
            system: job.submit.system,
            conversation: job.submit.conversation,
            parsesSpecial: job.submit.parsesSpecial,
            localSeconds: job.submit.localSeconds,
            limit: promptLimit(ofPool: pool.name)
        )
        if mayBegin { actions.append(.tokenize(tokenization)) } else { heldTokenization = tokenization }
    }

    /// Has the prompt read that waited for the disk, if its job has not ended meanwhile.
    mutating func readHeldPrompt() {
        guard let tokenization = heldTokenization, takeUp(tokenization.job) else { return }
        heldTokenization = nil
        if jobs[tokenization.job] != nil {
            actions.append(.tokenize(tokenization))
        } else {
            prompts.end(tokenization.job)
            readNextPrompt()
        }
    }

    private func isReadable(_ id: JobID) -> Bool {
        guard let job = jobs[id], case .awaitingVocabulary = job.stage, jobs.mayTakeUp(id) else { return false }
        return vocabulary(ofPool: job.submit.pool) != nil
    }

    /// The most tokens that any expert of a pool has room for in front of an answer.
    private func promptLimit(ofPool name: String) -> Int {
        let experts = nodes.values.filter { $0.hello.pool == name && $0.hello.role == .expert }
        return experts.map { $0.capacity - 1 }.max() ?? .max
    }

    mutating func takePrompt(_ prompt: TokenizedPrompt, of id: JobID) {
        prompts.end(id)
        settle(prompt, of: id)
        readNextPrompt()
    }

    private mutating func settle(_ prompt: TokenizedPrompt, of id: JobID) {
        guard let job = jobs[id], case .tokenizing(let tokenizer) = job.stage else { return }
        guard let pool = pools[job.submit.pool], pool.tokenizer == tokenizer,
            let vocabulary = vocabulary(ofPool: pool.name)
        else {
            // The pool went away in between; its successor may have other tokens, or another way to write chats.
            jobs.change(id) { $0.returnPrompt() }
            return
        }
        switch prompt {
        case .failed(let error):
            finish(id, .error, error)
        case .tooLong(let limit):
            let message =
                "the prompt has more than \(limit) tokens; with its answer, pool \(pool.name) holds \(limit + 1)"
            finish(id, .error, JobError(code: .contextExceeded, message: message))
        case .tokens(let tokens) where tokens.isEmpty:
            finish(id, .error, JobError(code: .badRequest, message: "the prompt has no tokens"))
        case .tokens(let tokens):
            guard tokens.allSatisfy({ Int($0) < vocabulary.count }) else {
                let message = "the prompt has tokens outside pool \(pool.name)'s vocabulary"
                finish(id, .error, JobError(code: .badRequest, message: message))
                return
            }
            if let problem = biasProblem(of: job.submit) {
                finish(id, .error, JobError(code: .badRequest, message: problem))
                return
            }
            prompts.remove(id)
            jobs.enqueue(id, prompt: tokens)
            transitions.count(.jobTokenized)
        }
    }
}
