import CascadeCore

@testable import CascadeWire

/// Random valid messages: every kind, every optional field there or not, values small and at their limits.
extension SplitMix64 {
    mutating func message(_ kind: MessageKind) -> Message {
        switch kind {
        case .hello: .hello(hello())
        case .welcome: .welcome(Welcome(boot: next(), heartbeatMilliseconds: pick(1...5000), wantsTokenizer: flag()))
        case .refused:
            .refused(
                Refused(code: enumeration(), message: text(), requestID: next(), retryAfterMilliseconds: count())
            )
        case .tokenizerChunk: .tokenizerChunk(chunk())
        case .ready: .ready(Ready(boot: next(), costs: costs(), credits: count()))
        case .ping: .ping(Ping(boot: next(), number: next()))
        case .pong: .pong(Pong(boot: next(), number: next(), progress: progress()))
        case .drain: .drain(Drain(boot: next()))
        case .goodbye: .goodbye(Goodbye(reason: text()))
        case .draft: .draft(draft())
        case .drafted:
            .drafted(
                Drafted(
                    fence: fence(),
                    positions: positions(),
                    milliseconds: duration(),
                    passes: count(),
                    rows: count()
                )
            )
        case .verify: .verify(verify())
        case .verified: .verified(verified())
        case .missing: .missing(Missing(fence: fence(), length: pick(0...1 << 20), needsSpec: flag()))
        case .failed: .failed(Failed(fence: fence(), code: enumeration(), message: text()))
        case .release:
            .release(Release(boot: next(), sequence: SequenceID(job: job(), sample: count()), specID: next()))
        case .submit: .submit(submit())
        case .accepted:
            .accepted(Accepted(requestID: next(), job: job(), seed: next(), draftLength: draftLength()))
        case .watch: .watch(Watch(requestID: next(), job: job(), tokenOffset: count(), byteOffset: count()))
        case .cancel: .cancel(Cancel(requestID: next(), job: job()))
        case .delta: .delta(delta())
        case .finished: .finished(Finished(requestID: next(), report: report()))
        case .statusRequest: .statusRequest(StatusRequest(requestID: next(), job: maybe { $0.job() }))
        case .jobsRequest: .jobsRequest(JobsRequest(requestID: next(), limit: count()))
        case .nodesRequest: .nodesRequest(NodesRequest(requestID: next()))
        case .jobList: .jobList(JobList(requestID: next(), jobs: list(upTo: 5) { $0.jobSummary() }))
        case .nodeList: .nodeList(NodeList(requestID: next(), nodes: list(upTo: 5) { $0.nodeSummary() }))
        case .clusterStatus: .clusterStatus(clusterStatus())
        case .drainNode: .drainNode(DrainNode(requestID: next(), name: text()))
        }
    }

    // MARK: Values

    mutating func flag() -> Bool { once(in: 2) }

    mutating func enumeration<Value: CaseIterable>() -> Value { pick(Array(Value.allCases)) }

    mutating func job() -> JobID { JobID(rawValue: next()) }

    mutating func hash() -> Hash128 { Hash128(high: next(), low: next()) }

    mutating func token() -> Token { once(in: 20) ? .max : pick(0...200_000) }

    mutating func count() -> UInt32 { once(in: 10) ? 1 << 30 : pick(0...100_000) }

    mutating func counter() -> UInt64 { once(in: 10) ? 1 << 48 : pick(0...1_000_000) }

    mutating func duration() -> Double { once(in: 10) ? 0 : Double.random(in: 0...1e6, using: &self) }

    mutating func probability() -> Double {
        switch pick(0...9) {
        case 0: 0
        case 1: 1
        case 2: .leastNonzeroMagnitude
        case 3: 1 + .ulpOfOne
        default: Double.random(in: 0...1, using: &self)
        }
    }

    mutating func text() -> String {
        String(list(upTo: 30) { $0.pick(["a", "Z", " ", "\0", "\n", "ß", "漢", "👩‍🚀", "\u{301}"]) }.joined())
    }

    mutating func bytes() -> [UInt8] { list(upTo: 60) { $0.pick(0...255) } }

    mutating func sampling() -> SamplingSettings {
        SamplingSettings(
            temperature: once(in: 3) ? 0 : Double.random(in: 0...2, using: &self),
            topK: pick(0...100),
            topP: Double.random(in: 0.01...1, using: &self),
            minP: Double.random(in: 0..<1, using: &self)
        )
    }

    mutating func rule() -> RuleSettings {
        RuleSettings(
            rule: enumeration(),
            alpha: Double.random(in: 0...1, using: &self),
            delta: once(in: 2) ? 0.3 : Double.random(in: 0.01...1, using: &self),
            topN: once(in: 2) ? 10 : pick(1...50),
            gate: enumeration(),
            bonus: enumeration(),
            verifyMethod: enumeration(),
            strictPrefixTokens: pick(0...20),
            explains: once(in: 4)
        )
    }

    mutating func progress() -> Progress {
        Progress(
            passes: counter(),
            pending: count(),
            kvTokensUsed: count(),
            busyMilliseconds: pick(0...1_000_000_000),
            prefixCacheHitTokens: counter(),
            uptimeMilliseconds: counter(),
            cpuMilliseconds: counter(),
            stuckMilliseconds: counter()
        )
    }

    mutating func costs() -> [CostPoint] {
        Set(list(upTo: 8) { $0.pick(1...128) }).sorted().map { CostPoint(rows: $0, milliseconds: duration()) }
    }

    mutating func identity() -> NodeIdentity { NodeIdentity(name: text(), incarnation: next()) }

    // MARK: Join

    mutating func hello() -> Hello {
        Hello(
            identity: identity(),
            role: enumeration(),
            pool: text(),
            software: text(),
            modelName: text(),
            modelFingerprint: hash(),
            vocabularyHash: hash(),
            vocabularyCount: count(),
            numericsID: text(),
            contextLength: count(),
            kvTokens: count(),
            host: text(),
            isSynthetic: once(in: 2)
        )
    }

    mutating func chunk() -> TokenizerChunk {
        let bytes = bytes()
        let offset: UInt32 = pick(0...1_000_000)
        let total = offset + UInt32(bytes.count) + pick(0...1_000_000)
        return TokenizerChunk(vocabularyHash: hash(), totalBytes: total, offset: offset, bytes: bytes)
    }

    // MARK: Rounds

    mutating func fence() -> Fence {
        Fence(
            boot: next(),
            incarnation: next(),
            sequence: SequenceID(job: job(), sample: pick(0...8)),
            round: count()
        )
    }

    mutating func spec(id: UInt64) -> SequenceSpec {
        let sampling = sampling()
        var rule = rule()
        while rule.problem(sampling: sampling) != nil { rule = self.rule() }
        return SequenceSpec(
            id: id,
            seed: next(),
            sample: pick(0...8),
            sampling: sampling,
            rule: rule,
            guardTokens: list(upTo: 4) { $0.token() },
            promptLength: pick(0...1 << 20),
            draftSupport: pick(1...1024)
        )
    }

    mutating func prefix() -> Prefix {
        let tail = list(upTo: 20) { $0.token() }
        return Prefix(baseLength: UInt32(tail.count) + pick(0...5000), hash: hash(), tail: tail)
    }

    /// A drafted position with up to `entries` entries, one-hot in one case of three.
    mutating func position(entries: Int) -> DraftedPosition {
        let token = token()
        var ids: Set<Token> = [token]
        if !once(in: 3) { ids.formUnion((0..<pick(0...entries - 1)).map { _ in self.token() }) }
        let tokens = ids.sorted()
        let weights = tokens.map { _ in
            once(in: 4) ? 1 : Float.random(in: Float.leastNonzeroMagnitude...2, using: &self)
        }
        guard let row = Distribution(tokens: tokens, weights: weights) else { fatalError("not a row: \(tokens)") }
        return DraftedPosition(token: token, row: row, gate: gate())
    }

    private mutating func gate() -> DraftGate {
        if once(in: 2) { return DraftGate(maximum: probability()) }
        return DraftGate(
            maximum: probability(),
            argmax: token(),
            probability: probability(),
            entropy: Double.random(in: 0...12, using: &self)
        )
    }

    mutating func positions() -> [DraftedPosition] { list(upTo: 6) { $0.position(entries: 64) } }

    mutating func draft() -> Draft {
        let id = next()
        return Draft(
            fence: fence(),
            specID: id,
            spec: maybe { $0.spec(id: id) },
            prefix: prefix(),
            count: pick(1...64),
            minimumConfidence: Double.random(in: 0...1, using: &self)
        )
    }

    mutating func verify() -> Verify {
        let id = next()
        return Verify(fence: fence(), specID: id, spec: maybe { $0.spec(id: id) }, prefix: prefix(), draft: positions())
    }

    mutating func evidence() -> Evidence {
        Evidence(
            probability: probability(),
            gateProbability: probability(),
            gateMaximum: probability(),
            gateArgmax: token(),
            entropy: Double.random(in: 0...12, using: &self),
            isInTop: once(in: 4),
            favouriteProbability: once(in: 2) ? 0 : probability(),
            variation: once(in: 2) ? 0 : probability(),
            blockMass: once(in: 2) ? 0 : probability(),
            keptMass: probability(),
            ratio: Double.random(in: 0...1e9, using: &self),
            rejectMass: probability(),
            residual: token()
        )
    }

    mutating func verified() -> Verified {
        Verified(
            fence: fence(),
            evidence: list(upTo: 6) { $0.evidence() },
            bonus: maybe { $0.token() },
            milliseconds: duration(),
            passes: count(),
            rows: count()
        )
    }

    // MARK: Clients

    mutating func submit() -> Submit {
        Submit(
            requestID: next(),
            submitKey: hash(),
            pool: text(),
            prompt: bytes(),
            format: enumeration(),
            system: maybe { $0.bytes() },
            parsesSpecial: flag(),
            localSeconds: maybe { UInt64.random(in: 0...WireLimits.localSeconds, using: &$0) },
            sampling: sampling(),
            rule: rule(),
            maxTokens: count(),
            stop: list(upTo: 4) { $0.bytes() },
            seed: maybe { $0.next() },
            draftLength: maybe { $0.draftLength() },
            drafterKind: enumeration(),
            draftMinimumConfidence: Double.random(in: 0...1, using: &self),
            follow: flag()
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
            explanations: once(in: 2) ? tokens.map { _ in explanation() } : []
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
        return Explanation(round: count(), textBytes: count(), draft: once(in: 3) ? nil : draft)
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
            promptBeginning: text()
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
            rest: maybe { NodeSummary.Rest(milliseconds: $0.duration(), reason: $0.text()) }
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
            stall: maybe { ClusterStatus.Stall(milliseconds: $0.duration(), note: $0.text()) }
        )
    }
}
