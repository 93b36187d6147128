import CascadeCore

@testable import CascadeWire

/// What clients and the coordinator say.
extension SplitMix64 {
    mutating func submit() -> Submit {
        let conversation = maybe { $0.conversation() }
        return Submit(
            requestID: next(),
            submitKey: hash(),
            pool: text(),
            // Both at once is for the coordinator to refuse.
            prompt: conversation == nil || once(in: 3) ? bytes() : [],
            format: enumeration(),
            system: maybe { $0.bytes() },
            conversation: conversation,
            parsesSpecial: flag(),
            localSeconds: maybe { UInt64.random(in: 0...WireLimits.localSeconds, using: &$0) },
            sampling: sampling(),
            rule: rule(),
            maxTokens: count(),
            stop: list(upTo: 4) { $0.bytes() },
            seed: maybe { $0.next() },
            sample: count(),
            draftLength: maybe { $0.draftLength() },
            drafterKind: enumeration(),
            draftMinimumConfidence: Double.random(in: 0...1, using: &self),
            follow: flag(),
            priority: enumeration(),
            deadlineMilliseconds: maybe { $0.count() },
            logprobs: maybe { $0.count() },
            constraint: maybe { $0.constraint() },
            onBehalfOf: maybe { $0.text() }
        )
    }

    mutating func constraint() -> OutputConstraint { OutputConstraint(enumeration(), flag() ? text() : "") }

    mutating func conversation() -> Conversation {
        Conversation(
            messages: list(upTo: 4) { $0.conversationMessage() },
            tools: maybe { $0.bytes() },
            templateArguments: maybe { $0.bytes() },
            addsGenerationPrompt: flag()
        )
    }

    mutating func conversationMessage() -> ConversationMessage {
        ConversationMessage(
            role: enumeration(),
            content: list(upTo: 3) { $0.bytes() },
            toolCalls: list(upTo: 3) {
                ConversationMessage.ToolCall(id: $0.maybe { $0.bytes() }, name: $0.bytes(), arguments: $0.bytes())
            },
            toolCallID: maybe { $0.bytes() },
            name: maybe { $0.bytes() },
            reasoning: maybe { $0.bytes() }
        )
    }

    mutating func draftLength() -> DraftLength {
        flag() ? .adaptive : .fixed(pick(0...64))
    }

    mutating func delta() -> Delta {
        let tokens = list(upTo: 10) { $0.token() }
        return Delta(
            job: job(),
            state: enumeration(),
            note: text(),
            tokenOffset: count(),
            byteOffset: count(),
            tokens: tokens,
            origins: tokens.map { _ in enumeration() },
            text: bytes(),
            explanations: once(in: 2) ? tokens.map { _ in explanation() } : [],
            prompt: maybe { $0.promptReading() }
        )
    }

    mutating func explanation() -> Explanation {
        let draft = Explanation.Draft(
            token: token(),
            source: once(in: 3) ? .lookup : .model,
            probability: probability(),
            gate: gate(),
            evidence: once(in: 4) ? nil : evidence(),
            coin: once(in: 2) ? nil : Double.random(in: 0...1, using: &self)
        )
        return Explanation(
            round: count(),
            textBytes: count(),
            draft: once(in: 3) ? nil : draft,
            logprobs: once(in: 2) ? nil : tokenLogprobs()
        )
    }

    mutating func tokenLogprobs() -> TokenLogprobs {
        let top = self.top()
        let told = pick(0...top.count)
        return TokenLogprobs(
            rankedLogprob(),
            bytes: maybe { $0.bytes() },
            top: top.enumerated().map { TokenLogprobs.Entry($1, bytes: $0 < told ? bytes() : nil) }
        )
    }

    mutating func counts() -> SpeculationCounts {
        var counts = SpeculationCounts(
            rounds: counter(),
            expertRounds: counter(),
            draftedRounds: counter(),
            drafted: counter(),
            kept: counter(),
            matched: counter(),
            recovered: counter(),
            bonus: counter(),
            discarded: counter(),
            relaxed: counter(),
            cut: counter(),
            unruledPositions: counter(),
            acceptanceHistogram: list(upTo: 9) { $0.counter() }
        )
        counts.lookupDrafted = pick(0...counts.drafted)
        counts.lookupAccepted = pick(0...min(counts.lookupDrafted, counts.accepted))
        return counts
    }

    mutating func report() -> JobReport {
        JobReport(
            job: job(),
            reason: enumeration(),
            error: maybe { JobError(code: $0.enumeration(), message: $0.text()) },
            tokens: list(upTo: 40) { $0.token() },
            text: bytes(),
            promptTokens: count(),
            sampling: sampling(),
            rule: rule(),
            seed: next(),
            draftLength: draftLength(),
            drafterKind: enumeration(),
            draftMinimumConfidence: Double.random(in: 0...1, using: &self),
            counts: counts(),
            queueMilliseconds: duration(),
            firstTokenMilliseconds: maybe { $0.duration() },
            totalMilliseconds: duration(),
            isSynthetic: once(in: 2)
        )
    }

    mutating func jobSummary() -> JobSummary {
        JobSummary(
            job: job(),
            state: enumeration(),
            reason: maybe { $0.enumeration() },
            note: text(),
            pool: text(),
            promptTokens: count(),
            completionTokens: count(),
            ageMilliseconds: duration(),
            promptBeginning: text(),
            owner: text()
        )
    }

    mutating func scope() -> JobScope {
        switch pick(0...2) {
        case 0: .all
        case 1: .mine
        default: .owner(text())
        }
    }

    mutating func cancelJobs() -> CancelJobs {
        let jobs = [job()] + list(upTo: 5) { $0.job() }
        return CancelJobs(
            requestID: next(),
            selection: flag() ? .jobs(jobs) : .scope(scope()),
            onBehalfOf: maybe { $0.text() }
        )
    }

    mutating func jobsCancelled() -> JobsCancelled {
        JobsCancelled(
            requestID: next(),
            cancelled: list(upTo: 5) { $0.job() },
            ended: list(upTo: 5) { $0.job() },
            unknown: list(upTo: 5) { $0.job() },
            remaining: count()
        )
    }

    mutating func nodeSummary() -> NodeSummary {
        NodeSummary(
            identity: identity(),
            role: enumeration(),
            pool: text(),
            modelName: text(),
            state: enumeration(),
            inFlight: count(),
            credits: count(),
            progress: progress(),
            kvTokens: count(),
            contextLength: count(),
            costs: costs(),
            software: text(),
            silentMilliseconds: duration(),
            busyFraction: maybe { Double.random(in: 0...1, using: &$0) },
            cpuFraction: maybe { Double.random(in: 0...64, using: &$0) },
            host: text(),
            isSynthetic: once(in: 2),
            rest: maybe { NodeSummary.Rest(milliseconds: $0.duration(), reason: $0.text()) },
            shares: list(upTo: 3) {
                NodeSummary.Share(owner: $0.text(), sequences: $0.count(), tokens: $0.count())
            }
        )
    }

    mutating func clusterStatus() -> ClusterStatus {
        ClusterStatus(
            requestID: next(),
            boot: next(),
            software: text(),
            uptimeMilliseconds: duration(),
            queuedJobs: count(),
            runningJobs: count(),
            finishedJobs: counter(),
            drafters: count(),
            experts: count(),
            staleMessages: counter(),
            counts: counts(),
            traffic: list(upTo: 4) {
                MessageTraffic(
                    message: $0.text(),
                    sentMessages: $0.counter(),
                    sentBytes: $0.counter(),
                    receivedMessages: $0.counter(),
                    receivedBytes: $0.counter()
                )
            },
            cpuMilliseconds: maybe { $0.duration() },
            stall: maybe { ClusterStatus.Stall(milliseconds: $0.duration(), note: $0.text()) },
            owners: list(upTo: 3) { $0.ownerStatus() },
            preemptions: counter(),
            suspectedJobs: count(),
            setAsideJobs: count(),
            defaultRule: maybe { $0.rule() },
            rules: list(upTo: 3) { ClusterStatus.RuleCounts(rule: $0.enumeration(), counts: $0.counts()) },
            promptTokens: counter(),
            endedJobs: list(upTo: 3) { ClusterStatus.EndedJobs(reason: $0.enumeration(), jobs: $0.counter()) }
        )
    }

    mutating func ownerStatus() -> OwnerStatus {
        var usage = OwnerUsage()
        (usage.jobs, usage.promptTokens, usage.completionTokens) = (counter(), counter(), counter())
        (usage.rounds, usage.draftedRounds) = (counter(), counter())
        return OwnerStatus(name: text(), weight: count(), queuedJobs: count(), runningJobs: count(), usage: usage)
    }
}
