internal import CascadeClient
internal import CascadeCore
internal import CascadeGateway
internal import CascadeNode

extension BackendError {
    /// What a client is told where the cluster cannot be asked.
    init(_ error: NodeError) {
        switch error {
        case .unreachable: self = .unreachable
        case .refused(let message): self = .forbidden(message: message)
        case .interrupted: self = .shuttingDown
        case .failed(let message), .lacking(let message): self = .internal(message)
        }
    }

    /// What a client is told where the coordinator refused its job.
    init(_ refused: Refused, of submit: Submit) {
        self.init(refused.code, refused.message, retryAfterMilliseconds: refused.retryAfterMilliseconds, of: submit)
    }

    /// What a client is told where its job failed.
    init(_ error: JobError, of submit: Submit) {
        self.init(error.code, error.message, retryAfterMilliseconds: 0, of: submit)
    }

    private init(_ code: RefusalCode, _ message: String, retryAfterMilliseconds: UInt32, of submit: Submit) {
        let seconds = max(1, (Int(retryAfterMilliseconds) + 999) / 1_000)
        switch code {
        case .badRequest: self = .badParameter(submit.format == .chat ? "messages" : "prompt", message: message)
        case .contextExceeded: self = .contextExceeded(message: message)
        case .overloaded where message.hasPrefix("owner "): self = .ownerLimit(message: message, retryAfter: seconds)
        case .overloaded: self = .queueFull(retryAfter: seconds)
        case .notReady: self = .notReady(message: message)
        case .shuttingDown: self = .shuttingDown
        case .forbidden: self = .forbidden(message: message)
        case .deadlineTooShort, .deadlineExceeded: self = .deadline(message: message)
        case .protocolVersion, .vocabularyMismatch, .modelMismatch, .unknownJob, .nodeNameTaken, .poisoned,
            .nodeFailed, .journalDamaged, .setAside:
            self = .internal(message)
        }
    }
}

extension CompletionDelta {
    /// A part of a job's stream.
    init(_ part: JobFollower.StreamPart) {
        // A stream that was repaired from the report has no origins: nobody can say any more.
        let (origins, told) = (Array(part.origins), part.explanations.map(\.logprobs))
        let tokens = part.tokens.enumerated().map { index, token in
            let logprobs = told.indices.contains(index) ? told[index] : nil
            return EmittedToken(
                piece: TokenPiece(id: token, bytes: logprobs?.bytes ?? []),
                origin: origins.indices.contains(index) ? origins[index] : .expert,
                logprob: logprobs?.token.value,
                top: (logprobs?.top ?? []).map { entry in
                    RankedToken(
                        piece: TokenPiece(id: entry.top.token, bytes: entry.bytes ?? []),
                        logprob: entry.top.value
                    )
                }
            )
        }
        self.init(text: Array(part.text), tokens: tokens)
    }
}

extension FinishedCompletion {
    /// What came of a job; throws where it has no answer.
    init(_ report: JobReport, of submit: Submit) throws(BackendError) {
        if let error = report.error { throw BackendError(error, of: submit) }
        guard report.reason == .stop || report.reason == .length else { throw .cancelled }
        self.init(
            reason: report.reason == .stop ? .stop : .length,
            promptTokens: Int(report.promptTokens),
            completionTokens: report.tokens.count,
            seed: report.seed,
            rule: report.rule,
            draftLength: report.draftLength,
            counts: report.counts,
            isSynthetic: report.isSynthetic
        )
    }
}

extension ClusterMetrics {
    /// What the coordinator counted, and its nodes.
    init(_ status: ClusterStatus, _ nodes: [NodeSummary]) {
        self.init()
        let counts = status.counts
        drafts = counts.draftedRounds
        draftTokens = counts.drafted
        acceptedTokens = counts.accepted
        acceptanceHistogram = counts.acceptanceHistogram
        rules = status.rules.map { rule in
            RuleCounts(
                rule: rule.rule.rawValue,
                kept: rule.counts.kept,
                deferred: rule.counts.deferred,
                relaxed: rule.counts.relaxed
            )
        }
        promptTokens = status.promptTokens
        let committed = counts.accepted + counts.recovered + counts.bonus
        generatedTokens = committed - min(committed, counts.cut)
        (queuedJobs, runningJobs) = (Int(status.queuedJobs), Int(status.runningJobs))
        preemptions = status.preemptions
        endedJobs = status.endedJobs.map { EndedJobs(reason: $0.reason.name, count: $0.jobs) }
        roles = NodeRole.allCases.map { role in
            let own = nodes.filter { $0.role == role }
            let (used, size) = own.reduce(into: (0.0, 0.0)) { sum, node in
                sum.0 += Double(node.progress.kvTokensUsed)
                sum.1 += Double(node.kvTokens)
            }
            return RoleState(
                role: role.rawValue,
                nodesUp: own.count { $0.state != .loading },
                busySeconds: own.reduce(0) { $0 + Double($1.progress.busyMilliseconds) / 1_000 },
                cacheUse: size > 0 ? used / size : nil
            )
        }
    }
}
