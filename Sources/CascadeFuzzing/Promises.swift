internal import CascadeCore
internal import CascadeWire

/// What whoever receives a message may rely on, said once more and apart from the code that checks it while decoding.
enum Promises {
    private static let limits = WireLimits.standard
    private static let share = -1e-6...1 + 1e-6
    private static let large = -1e-6...Double.greatestFiniteMagnitude

    /// Throws where a value of `message` is beyond its bounds.
    static func check(_ message: Message) throws(FuzzFailure) {
        switch message {
        case .hello(let hello): try check(hello)
        case .welcome(let welcome): try within(welcome.heartbeatMilliseconds, 1...3_600_000, "heartbeat")
        case .refused(let refused):
            try note(refused.message)
            try count(refused.retryAfterMilliseconds)
        case .tokenizerChunk(let chunk):
            try within(chunk.totalBytes, 0...limits.tokenizerBytes, "total")
            try within(Int(chunk.offset) + chunk.bytes.count, 0...Int(chunk.totalBytes), "end of chunk")
            try within(chunk.bytes.count, 0...limits.rawFrameBytes, "chunk")
        case .ready(let ready):
            try costs(ready.costs)
            try count(ready.credits)
        case .pong(let pong):
            try check(pong.progress)
            try within(pong.prompts.count, 0...limits.listEntries, "prompts")
            for reading in pong.prompts { try check(reading.prompt) }
        case .goodbye(let goodbye): try note(goodbye.reason)
        case .ping, .drain, .accepted, .cancel, .nodesRequest, .release: break
        case .statusRequest(let request): try name(request.onBehalfOf ?? "")
        case .watch(let watch): try count(watch.tokenOffset, watch.byteOffset)
        case .jobsRequest(let request):
            try count(request.limit)
            try name(request.onBehalfOf ?? "")
            try check(request.scope)
        case .cancelJobs(let request):
            try name(request.onBehalfOf ?? "")
            switch request.selection {
            case .jobs(let jobs): try within(jobs.count, 1...CancelJobs.mostJobs, "jobs")
            case .scope(let scope): try check(scope)
            }
        case .jobsCancelled(let answer):
            for list in [answer.cancelled, answer.ended, answer.unknown] {
                try within(list.count, 0...CancelJobs.mostJobs, "jobs")
            }
            try count(answer.remaining)
        case .drainNode(let request): try name(request.name)
        case .submit(let submit): try check(submit)
        case .delta(let delta): try check(delta)
        case .finished(let finished): try check(finished.report)
        case .jobList(let list):
            try within(list.jobs.count, 0...limits.listEntries, "jobs")
            for job in list.jobs { try check(job) }
        case .nodeList(let list):
            try within(list.nodes.count, 0...limits.listEntries, "nodes")
            for node in list.nodes { try check(node) }
        case .clusterStatus(let status): try check(status)
        case .draft, .drafted, .verify, .verified, .missing, .failed: try checkRound(message)
        }
    }

    private static func checkRound(_ message: Message) throws(FuzzFailure) {
        switch message {
        case .draft(let draft):
            try check(draft.fence)
            try check(draft.spec, named: draft.specID)
            try check(draft.prefix)
            try within(draft.count, 1...limits.positions, "count")
            try within(draft.minimumConfidence, 0...1, "minimum confidence")
        case .drafted(let drafted):
            try check(drafted.fence)
            try check(drafted.positions)
            try duration(drafted.milliseconds)
            try count(drafted.passes, drafted.rows)
        case .verify(let verify):
            try check(verify.fence)
            try check(verify.spec, named: verify.specID)
            try check(verify.prefix)
            try check(verify.draft)
        case .verified(let verified):
            try check(verified.fence)
            try within(verified.evidence.count, 0...Int(limits.positions), "positions")
            for evidence in verified.evidence { try check(evidence) }
            try check(verified.logprobs, of: verified)
            try duration(verified.milliseconds)
            try count(verified.passes, verified.rows)
        case .missing(let missing):
            try check(missing.fence)
            try within(missing.length, 0...limits.tokens, "length")
        case .failed(let failed):
            try check(failed.fence)
            try note(failed.message)
        default: break
        }
    }

    // MARK: Rounds

    private static func check(_ fence: Fence) throws(FuzzFailure) {
        try count(fence.round, fence.sequence.sample)
    }

    private static func check(_ spec: SequenceSpec?, named id: UInt64) throws(FuzzFailure) {
        guard let spec else { return }
        if let problem = spec.sampling.problem ?? spec.rule.problem(sampling: spec.sampling) {
            throw FuzzFailure("a spec that is not sound: \(problem)")
        }
        try within(spec.id, id...id, "spec id")
        try count(spec.sample)
        try within(spec.guardTokens.count, 0...limits.listEntries, "guard tokens")
        try within(spec.promptLength, 0...Int(limits.tokens), "prompt length")
        try within(spec.draftSupport, 1...Int(limits.rowEntries), "draft support")
        try within(spec.logprobs ?? 0, 0...Logprobs.most, "log probabilities")
        try within(spec.constraint?.text.utf8.count ?? 0, 0...limits.constraintBytes, "constraint")
    }

    private static func check(_ prefix: Prefix) throws(FuzzFailure) {
        try within(Int(prefix.baseLength), prefix.tail.count...Int(limits.tokens), "base length")
    }

    private static func check(_ positions: [DraftedPosition]) throws(FuzzFailure) {
        try within(positions.count, 0...Int(limits.positions), "positions")
        for position in positions {
            let row = position.row
            try within(row.tokens.count, 1...Int(limits.rowEntries), "row entries")
            try within(row.weights.count, row.tokens.count...row.tokens.count, "weights")
            for (token, next) in zip(row.tokens, row.tokens.dropFirst()) where token >= next {
                throw FuzzFailure("a row of \(token) before \(next)")
            }
            let smallest = Float.leastNonzeroMagnitude
            for weight in row.weights { try within(weight, smallest...Float.greatestFiniteMagnitude, "weight") }
            try within(row.total, Double(smallest)...Double.greatestFiniteMagnitude, "total")
            guard row.index(of: position.token) != nil else { throw FuzzFailure("a row without \(position.token)") }
            try within(row.probability(of: position.token), 0...1, "drafted probability")
            try check(position.gate)
        }
    }

    private static func check(_ gate: DraftGate) throws(FuzzFailure) {
        try within(gate.maximum, share, "gate maximum")
        try within(gate.probability, share, "gate probability")
        try within(gate.entropy, large, "gate entropy")
    }

    private static func check(_ evidence: Evidence) throws(FuzzFailure) {
        let shares = [
            evidence.probability, evidence.gateProbability, evidence.gateMaximum, evidence.favouriteProbability,
            evidence.variation, evidence.blockMass, evidence.keptMass, evidence.rejectMass,
        ]
        for value in shares { try within(value, share, "share") }
        try within(evidence.entropy, large, "entropy")
        try within(evidence.ratio, large, "ratio")
    }

    private static func check(_ rows: [RowLogprobs], of verified: Verified) throws(FuzzFailure) {
        if rows.isEmpty { return }
        let count = verified.evidence.count + (verified.bonus == nil ? 0 : 1)
        try within(rows.count, count...count, "rows with log probabilities")
        for row in rows {
            try check(row.own)
            if let drafted = row.drafted { try check(drafted) }
            try check(row.top)
        }
    }

    private static func check(_ logprobs: TokenLogprobs) throws(FuzzFailure) {
        try check(logprobs.token)
        try check(logprobs.top.map(\.top))
        for bytes in [logprobs.bytes] + logprobs.top.map(\.bytes) {
            try within(bytes?.count ?? 0, 0...Logprobs.mostBytes, "bytes of a token")
        }
    }

    private static func check(_ top: [TopLogprob]) throws(FuzzFailure) {
        try within(top.count, 0...Int(Logprobs.most), "likeliest tokens")
        for one in top { try within(one.value, Logprobs.least...0, "log probability") }
    }

    private static func check(_ one: RankedLogprob) throws(FuzzFailure) {
        try within(one.value, Logprobs.least...0, "log probability")
        try within(one.rank, 1...limits.count, "rank")
    }

    // MARK: Nodes

    private static func check(_ hello: Hello) throws(FuzzFailure) {
        try name(hello.identity.name, hello.pool, hello.software, hello.modelName, hello.numericsID, hello.host)
        try count(hello.vocabularyCount, hello.contextLength, hello.kvTokens, hello.pageTokens)
        try count(hello.samplingVersion)
    }

    private static func check(_ progress: Progress) throws(FuzzFailure) {
        try counter(progress.passes, progress.prefixCacheHitTokens)
        try counter(progress.uptimeMilliseconds, progress.cpuMilliseconds, progress.stuckMilliseconds)
        try count(progress.pending, progress.kvTokensUsed)
        try duration(Double(progress.busyMilliseconds))
    }

    private static func check(_ prompt: PromptReading) throws(FuzzFailure) {
        try within(prompt.tokens, 0...limits.tokens, "prompt tokens")
        try within(prompt.tokensRead, 0...prompt.tokens, "prompt tokens read")
    }

    private static func costs(_ points: [CostPoint]) throws(FuzzFailure) {
        try within(points.count, 0...limits.listEntries, "costs")
        var last: UInt32 = 0
        for point in points {
            guard point.rows > last else { throw FuzzFailure("costs of \(point.rows) rows behind \(last)") }
            try count(point.rows)
            try duration(point.milliseconds)
            last = point.rows
        }
    }

    private static func check(_ node: NodeSummary) throws(FuzzFailure) {
        try name(node.identity.name, node.pool, node.modelName, node.software, node.host)
        try count(node.inFlight, node.credits, node.kvTokens, node.contextLength)
        try check(node.progress)
        try costs(node.costs)
        try duration(node.silentMilliseconds)
        for fraction in [node.busyFraction, node.cpuFraction] { try within(fraction ?? 0, 0...4096, "fraction") }
        try duration(node.rest?.milliseconds ?? 0)
        try within(node.rest?.reason.utf8.count ?? 0, 0...limits.noteBytes, "reason")
        try within(node.shares.count, 0...limits.listEntries, "shares")
        for share in node.shares {
            try name(share.owner)
            try count(share.sequences, share.tokens)
        }
    }

    // MARK: Clients

    private static func check(_ submit: Submit) throws(FuzzFailure) {
        try name(submit.pool)
        try name(submit.onBehalfOf ?? "")
        try within(submit.prompt.count, 0...limits.textBytes, "prompt")
        try within(submit.system?.count ?? 0, 0...limits.textBytes, "system")
        if let conversation = submit.conversation { try check(conversation) }
        try check(submit.sampling, submit.rule)
        try count(submit.maxTokens, submit.deadlineMilliseconds ?? 0, submit.logprobs ?? 0, submit.sample)
        try within(submit.constraint?.text.utf8.count ?? 0, 0...limits.constraintBytes, "constraint")
        try within(submit.stop.count, 0...limits.stopStrings, "stop strings")
        for stop in submit.stop { try within(stop.count, 0...limits.stopStringBytes, "stop string") }
        if case .fixed(let count) = submit.draftLength { try within(count, 0...limits.positions, "draft length") }
        try within(submit.draftMinimumConfidence, 0...1, "minimum confidence")
    }

    private static func check(_ conversation: Conversation) throws(FuzzFailure) {
        try within(conversation.messages.count, 0...limits.listEntries, "messages")
        try within(conversation.tools?.count ?? 0, 0...limits.textBytes, "tools")
        try within(conversation.templateArguments?.count ?? 0, 0...limits.textBytes, "template arguments")
        for message in conversation.messages {
            try within(message.content.count, 0...limits.listEntries, "content")
            for part in message.content { try within(part.count, 0...limits.textBytes, "content") }
            try within(message.toolCalls.count, 0...limits.listEntries, "tool calls")
            for call in message.toolCalls {
                try within(call.name.count, 0...limits.noteBytes, "name")
                try within(call.id?.count ?? 0, 0...limits.noteBytes, "id")
                try within(call.arguments.count, 0...limits.textBytes, "arguments")
            }
            try within(message.toolCallID?.count ?? 0, 0...limits.noteBytes, "tool call id")
            try within(message.name?.count ?? 0, 0...limits.noteBytes, "name")
            try within(message.reasoning?.count ?? 0, 0...limits.textBytes, "reasoning")
        }
    }

    /// A client's settings need not be sound, only numbers.
    private static func check(_ sampling: SamplingSettings, _ rule: RuleSettings) throws(FuzzFailure) {
        for value in [sampling.temperature, sampling.topP, sampling.minP] {
            try within(value, 0...Double.greatestFiniteMagnitude, "sampling")
        }
        let finite = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
        for value in [sampling.presencePenalty, sampling.frequencyPenalty] { try within(value, finite, "penalty") }
        try within(sampling.repetitionPenalty, 0...Double.greatestFiniteMagnitude, "repetition penalty")
        try within(sampling.logitBias.count, 0...LogitBias.most, "bias")
        for entry in sampling.logitBias { try within(entry.bias, finite, "bias") }
        for (entry, next) in zip(sampling.logitBias, sampling.logitBias.dropFirst()) where entry.token >= next.token {
            throw FuzzFailure("a bias of token \(next.token) behind \(entry.token)")
        }
        for value in [rule.alpha, rule.delta] { try within(value, finite, "rule") }
        for value in [sampling.topK, rule.topN, rule.strictPrefixTokens] {
            try within(value, 0...Int(limits.count), "setting")
        }
    }

    private static func check(_ delta: Delta) throws(FuzzFailure) {
        let tokens = delta.tokens.count
        try note(delta.note)
        try count(delta.tokenOffset, delta.byteOffset)
        try within(tokens, 0...Int(limits.tokens), "tokens")
        try within(delta.origins.count, tokens...tokens, "origins")
        try within(delta.text.count, 0...limits.textBytes, "text")
        if let prompt = delta.prompt { try check(prompt) }
        if delta.explanations.isEmpty { return }
        try within(delta.explanations.count, tokens...tokens, "explanations")
        for explanation in delta.explanations {
            try count(explanation.round, explanation.textBytes)
            if let logprobs = explanation.logprobs { try check(logprobs) }
            guard let draft = explanation.draft else { continue }
            try within(draft.probability, share, "draft probability")
            try check(draft.gate)
            if let evidence = draft.evidence { try check(evidence) }
            try within(draft.coin ?? 0, 0...1, "coin")
        }
    }

    private static func check(_ report: JobReport) throws(FuzzFailure) {
        try note(report.error?.message ?? "")
        try within(report.tokens.count, 0...Int(limits.tokens), "tokens")
        try within(report.text.count, 0...limits.textBytes, "text")
        try count(report.promptTokens)
        try check(report.sampling, report.rule)
        if case .fixed(let count) = report.draftLength { try within(count, 0...limits.positions, "draft length") }
        try within(report.draftMinimumConfidence, 0...1, "minimum confidence")
        try check(report.counts)
        try duration(report.queueMilliseconds, report.firstTokenMilliseconds ?? 0, report.totalMilliseconds)
    }

    private static func check(_ counts: SpeculationCounts) throws(FuzzFailure) {
        try counter(counts.rounds, counts.expertRounds, counts.draftedRounds, counts.drafted, counts.kept)
        try counter(counts.matched, counts.recovered, counts.bonus, counts.discarded, counts.relaxed, counts.cut)
        try counter(counts.unruledPositions, counts.lookupDrafted, counts.lookupAccepted)
        try within(counts.lookupDrafted, 0...counts.drafted, "looked-up tokens")
        try within(counts.lookupAccepted, 0...min(counts.lookupDrafted, counts.accepted), "accepted look-ups")
        try within(counts.acceptanceHistogram.count, 0...limits.listEntries, "histogram")
        for rounds in counts.acceptanceHistogram { try counter(rounds) }
        for value in [counts.meanAcceptanceLength, counts.draftAcceptanceRate] {
            guard value?.isFinite != false else { throw FuzzFailure("a mean of \(counts)") }
        }
    }

    private static func check(_ scope: JobScope) throws(FuzzFailure) {
        if case .owner(let owner) = scope { try name(owner) }
    }

    private static func check(_ job: JobSummary) throws(FuzzFailure) {
        try note(job.note)
        try name(job.pool, job.promptBeginning, job.owner)
        try count(job.promptTokens, job.completionTokens)
        try duration(job.ageMilliseconds)
    }

    private static func check(_ status: ClusterStatus) throws(FuzzFailure) {
        try name(status.software)
        try duration(status.uptimeMilliseconds, status.cpuMilliseconds ?? 0)
        try count(status.queuedJobs, status.runningJobs, status.drafters, status.experts)
        try counter(status.finishedJobs, status.staleMessages, status.preemptions)
        try check(status.counts)
        try within(status.traffic.count, 0...limits.listEntries, "traffic")
        try count(status.suspectedJobs, status.setAsideJobs)
        if let rule = status.defaultRule { try check(SamplingSettings(), rule) }
        for list in [status.rules.count, status.endedJobs.count] { try within(list, 0...limits.listEntries, "counts") }
        for rule in status.rules { try check(rule.counts) }
        try within(status.owners.count, 0...limits.listEntries, "owners")
        for owner in status.owners {
            try name(owner.name)
            try count(owner.weight, owner.queuedJobs, owner.runningJobs)
            try counter(owner.usage.jobs, owner.usage.promptTokens, owner.usage.completionTokens)
            try counter(owner.usage.rounds, owner.usage.draftedRounds)
        }
        for traffic in status.traffic {
            try name(traffic.message)
            try counter(traffic.sentMessages, traffic.sentBytes, traffic.receivedMessages, traffic.receivedBytes)
        }
    }

    // MARK: Values

    private static func within<Value: Comparable>(
        _ value: Value,
        _ range: ClosedRange<Value>,
        _ what: String
    ) throws(FuzzFailure) {
        guard range.contains(value) else { throw FuzzFailure("\(what) is \(value), not in \(range)") }
    }

    private static func count(_ values: UInt32...) throws(FuzzFailure) {
        for value in values { try within(value, 0...limits.count, "count") }
    }

    private static func counter(_ values: UInt64...) throws(FuzzFailure) {
        for value in values { try within(value, 0...limits.counter, "counter") }
    }

    private static func duration(_ values: Double...) throws(FuzzFailure) {
        for value in values { try within(value, 0...limits.milliseconds, "duration") }
    }

    private static func name(_ values: String...) throws(FuzzFailure) {
        for value in values { try within(value.utf8.count, 0...limits.nameBytes, "name") }
    }

    private static func note(_ value: String) throws(FuzzFailure) {
        try within(value.utf8.count, 0...limits.noteBytes, "note")
    }
}
