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
        case .pong:
            .pong(
                Pong(
                    boot: next(),
                    number: next(),
                    progress: progress(),
                    prompts: list(upTo: 3) { $0.sequenceReading() }
                )
            )
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
        case .statusRequest:
            .statusRequest(
                StatusRequest(requestID: next(), job: maybe { $0.job() }, onBehalfOf: maybe { $0.text() })
            )
        case .jobsRequest:
            .jobsRequest(
                JobsRequest(requestID: next(), limit: count(), scope: scope(), onBehalfOf: maybe { $0.text() })
            )
        case .nodesRequest: .nodesRequest(NodesRequest(requestID: next()))
        case .jobList: .jobList(JobList(requestID: next(), jobs: list(upTo: 5) { $0.jobSummary() }))
        case .nodeList: .nodeList(NodeList(requestID: next(), nodes: list(upTo: 5) { $0.nodeSummary() }))
        case .clusterStatus: .clusterStatus(clusterStatus())
        case .drainNode: .drainNode(DrainNode(requestID: next(), name: text()))
        case .cancelJobs: .cancelJobs(cancelJobs())
        case .jobsCancelled: .jobsCancelled(jobsCancelled())
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
            minP: Double.random(in: 0..<1, using: &self),
            presencePenalty: once(in: 2) ? 0 : Double.random(in: -2...2, using: &self),
            frequencyPenalty: once(in: 2) ? 0 : Double.random(in: -2...2, using: &self),
            repetitionPenalty: once(in: 2) ? 1 : Double.random(in: 0.5...2, using: &self),
            logitBias: Set(list(upTo: 4) { $0.pick(Token(0)...200_000) }).sorted()
                .map { LogitBias(token: $0, bias: Double.random(in: -100...100, using: &self)) }
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

    mutating func sequenceReading() -> SequenceReading {
        SequenceReading(sequence: SequenceID(job: job(), sample: count()), prompt: promptReading())
    }

    mutating func promptReading() -> PromptReading {
        let tokens: UInt32 = pick(0...100_000)
        return PromptReading(tokensRead: pick(0...tokens), tokens: tokens)
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
            pageTokens: count(),
            host: text(),
            isSynthetic: once(in: 2),
            samplingVersion: maybe { $0.count() } ?? 0
        )
    }

    mutating func chunk() -> TokenizerChunk {
        let bytes = bytes()
        let offset: UInt32 = pick(0...1_000_000)
        let total = offset + UInt32(bytes.count) + pick(0...1_000_000)
        return TokenizerChunk(vocabularyHash: hash(), totalBytes: total, offset: offset, bytes: bytes)
    }
}
