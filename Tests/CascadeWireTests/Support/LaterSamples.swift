import CascadeCore

@testable import CascadeWire

/// Messages with the fields that came behind ``Samples``: what the golden files of `later` hold. Never changed.
enum LaterSamples: String, CaseIterable {
    case submit, urgentSubmit, deadlineSubmit, delta, jobsRequest, jobList, cancelJobs, clusterStatus, pong, reading
    case hello, fullCluster, crashes, sharedNodes, countedCluster, penalisedSubmit, penaltyHello, conversation
    case startedConversation
    case logprobsSubmit, logprobsVerify, logprobsVerified, logprobsDelta, sampleSubmit
    case namedSubmit, namedStatus, namedJobs, namedCancel
    case grammarSubmit, jsonSubmit, schemaVerify

    var message: Message {
        switch self {
        case .submit: .submit(Self.laterSubmit)
        case .urgentSubmit: .submit(Self.hurriedSubmit)
        case .deadlineSubmit: .submit(Self.boundedSubmit)
        case .delta: .delta(Self.laterDelta)
        case .jobsRequest: .jobsRequest(JobsRequest(requestID: 7, limit: 20, scope: .owner("team-ä")))
        case .jobList: .jobList(JobList(requestID: 7, jobs: [Self.ownedJob]))
        case .clusterStatus: .clusterStatus(Self.sharedCluster)
        case .cancelJobs: .cancelJobs(CancelJobs(requestID: 7, selection: .scope(.mine)))
        case .pong: .pong(Self.readingPong)
        case .reading: .delta(Self.readingDelta)
        case .hello: .hello(Self.pagedHello)
        case .fullCluster: .clusterStatus(Self.preemptingCluster)
        case .crashes: .clusterStatus(Self.crashedCluster)
        case .countedCluster: .clusterStatus(Self.tallyingCluster)
        case .sharedNodes: .nodeList(NodeList(requestID: 7, nodes: [Self.nodeOfOwners]))
        case .penalisedSubmit: .submit(Self.repetitiveSubmit)
        case .penaltyHello: .hello(Self.knowingHello)
        case .conversation: .submit(Self.conversing(Self.toolTalk))
        case .startedConversation: .submit(Self.conversing(Self.begunAnswer))
        case .logprobsSubmit: .submit(Self.tellingSubmit)
        case .sampleSubmit: .submit(Self.thirdSubmit)
        case .logprobsVerify: .verify(Self.tellingVerify)
        case .logprobsVerified: .verified(Self.tellingVerified)
        case .logprobsDelta: .delta(Self.tellingDelta)
        case .namedSubmit: .submit(Self.passedSubmit)
        case .namedStatus: .statusRequest(StatusRequest(requestID: 7, onBehalfOf: "anna"))
        case .namedJobs: .jobsRequest(JobsRequest(requestID: 7, limit: 20, onBehalfOf: "anna"))
        case .namedCancel:
            .cancelJobs(CancelJobs(requestID: 7, selection: .jobs([Samples.job]), onBehalfOf: "anna"))
        case .grammarSubmit: .submit(Self.constrained(OutputConstraint(.grammar, "root ::= \"jä\" | \"nein\"")))
        case .jsonSubmit: .submit(Self.constrained(.jsonObject))
        case .schemaVerify: .verify(Self.shapedVerify)
        }
    }

    private static var pagedHello: Hello {
        var hello = Samples.hello
        (hello.pageTokens, hello.host, hello.isSynthetic) = (32, "host", true)
        return hello
    }

    private static var preemptingCluster: ClusterStatus {
        var status = sharedCluster
        status.preemptions = 12
        return status
    }

    private static var sharedCluster: ClusterStatus {
        var usage = OwnerUsage()
        (usage.jobs, usage.promptTokens, usage.completionTokens) = (5, 600, 70)
        (usage.rounds, usage.draftedRounds) = (20, 15)
        var status = Samples.clusterStatus
        status.owners = [OwnerStatus(name: "team-ä", weight: 2, queuedJobs: 3, runningJobs: 4, usage: usage)]
        return status
    }

    private static var crashedCluster: ClusterStatus {
        var status = Samples.clusterStatus
        (status.suspectedJobs, status.setAsideJobs) = (5, 300)
        return status
    }

    private static var tallyingCluster: ClusterStatus {
        var status = Samples.clusterStatus
        status.defaultRule = RuleSettings(rule: .tokenV3, alpha: 0.25)
        status.rules = [ClusterStatus.RuleCounts(rule: .lossless, counts: status.counts)]
        status.promptTokens = 12_345
        status.endedJobs = [ClusterStatus.EndedJobs(reason: .length, jobs: 6)]
        return status
    }

    private static var nodeOfOwners: NodeSummary {
        var node = Samples.nodeSummary
        node.shares = [NodeSummary.Share(owner: "team-ä", sequences: 2, tokens: 192)]
        return node
    }

    private static let ownedJob = JobSummary(
        job: Samples.job,
        state: .finished,
        reason: .cancelled,
        note: "",
        pool: "p",
        promptTokens: 1,
        completionTokens: 2,
        ageMilliseconds: 3,
        owner: "team-ä"
    )

    private static var hurriedSubmit: Submit {
        var submit = laterSubmit
        submit.priority = .high
        return submit
    }

    private static var boundedSubmit: Submit {
        var submit = laterSubmit
        submit.deadlineMilliseconds = 30_000
        return submit
    }

    private static var repetitiveSubmit: Submit {
        var submit = laterSubmit
        (submit.sampling.presencePenalty, submit.sampling.frequencyPenalty) = (-0.5, 1.25)
        submit.sampling.repetitionPenalty = 1.125
        submit.sampling.logitBias = [LogitBias(token: 7, bias: -100), LogitBias(token: 151_643, bias: 2.5)]
        return submit
    }

    private static var knowingHello: Hello {
        var hello = Samples.hello
        hello.samplingVersion = 1
        return hello
    }
    private static func conversing(_ conversation: Conversation) -> Submit {
        var submit = laterSubmit
        (submit.prompt, submit.conversation) = ([], conversation)
        return submit
    }

    private static let toolTalk = Conversation(
        messages: [
            ConversationMessage(role: .system, content: [Array("Be brief.".utf8)]),
            ConversationMessage(role: .developer, content: [Array("Be kind.".utf8)]),
            ConversationMessage(
                role: .user,
                content: [Array("What is".utf8), [], Array("the weather, wörld?".utf8), [0xFF]],
                name: Array("anna".utf8)
            ),
            ConversationMessage(
                role: .assistant,
                content: [],
                toolCalls: [
                    ConversationMessage.ToolCall(
                        id: Array("call_1".utf8),
                        name: Array("weather".utf8),
                        arguments: Array(#"{"city": "Tromsø"}"#.utf8)
                    ),
                    ConversationMessage.ToolCall(name: Array("now".utf8), arguments: []),
                ],
                reasoning: Array("Ask.".utf8)
            ),
            ConversationMessage(role: .tool, content: [Array("-3".utf8)], toolCallID: Array("call_1".utf8)),
        ],
        tools: Array(#"[{"type": "function", "function": {"name": "weather"}}]"#.utf8),
        templateArguments: Array(#"{"enable_thinking": false}"#.utf8)
    )

    private static let begunAnswer = Conversation(
        messages: [ConversationMessage(role: .user, content: [[]])],
        addsGenerationPrompt: false
    )

    private static var thirdSubmit: Submit {
        var submit = laterSubmit
        submit.sample = 2
        return submit
    }

    private static var passedSubmit: Submit {
        var submit = laterSubmit
        submit.onBehalfOf = "anna"
        return submit
    }

    private static var tellingSubmit: Submit {
        var submit = laterSubmit
        submit.logprobs = 5
        return submit
    }

    private static func constrained(_ constraint: OutputConstraint) -> Submit {
        var submit = laterSubmit
        submit.constraint = constraint
        return submit
    }

    private static var shapedVerify: Verify {
        var spec = Samples.spec
        spec.constraint = OutputConstraint(.jsonSchema, #"{"type": "boolean"}"#)
        return Verify(fence: Samples.fence, specID: spec.id, spec: spec, prefix: Samples.prefix, draft: [])
    }

    private static var tellingVerify: Verify {
        var spec = Samples.spec
        spec.logprobs = 0
        return Verify(fence: Samples.fence, specID: spec.id, spec: spec, prefix: Samples.prefix, draft: [])
    }

    private static let tellingVerified = Verified(
        fence: Samples.fence,
        evidence: Samples.evidence,
        bonus: 9,
        logprobs: [
            RowLogprobs(
                drafted: RankedLogprob(-0.25, rank: 1),
                own: RankedLogprob(-9999, rank: 151_936),
                top: [TopLogprob(7, -0.25), TopLogprob(151_643, -1.5)]
            ),
            RowLogprobs(drafted: RankedLogprob(-2, rank: 3), own: RankedLogprob(-0.5, rank: 1), top: []),
            RowLogprobs(drafted: nil, own: RankedLogprob(0, rank: 1), top: [TopLogprob(9, 0)]),
        ],
        milliseconds: 1.5
    )

    /// With all that can be told of a token, with bytes for a beginning of the list, and with nothing.
    private static var tellingDelta: Delta {
        var delta = laterDelta
        delta.explanations[0].logprobs = TokenLogprobs(
            RankedLogprob(-0.125, rank: 2),
            bytes: [0xC3],
            top: [
                TokenLogprobs.Entry(TopLogprob(8, -0.0625), bytes: []),
                TokenLogprobs.Entry(TopLogprob(7, -0.125), bytes: [0xC3]),
                TokenLogprobs.Entry(TopLogprob(151_643, -3), bytes: nil),
            ]
        )
        delta.explanations[2].logprobs = TokenLogprobs(RankedLogprob(-9999, rank: 40), bytes: nil, top: [])
        return delta
    }

    private static let laterSubmit = Submit(
        requestID: 8,
        submitKey: Hash128(high: 1, low: 2),
        pool: "p",
        prompt: Array("x".utf8),
        format: .automatic,
        parsesSpecial: true,
        localSeconds: 1_790_000_000,
        sampling: SamplingSettings(temperature: 1, topK: 0, topP: 1, minP: 0),
        rule: RuleSettings(
            rule: .topkDelta,
            alpha: 0.25,
            delta: 0.5,
            topN: 7,
            gate: .processed,
            bonus: .target,
            verifyMethod: .coupled,
            explains: true
        ),
        usesDefaultRule: true,
        maxTokens: 9,
        draftLength: .adaptive,
        drafterKind: .both,
        follow: false
    )

    private static let laterDelta = Delta(
        job: Samples.job,
        state: .running,
        note: "",
        tokenOffset: 0,
        byteOffset: 0,
        tokens: [7, 8, 9],
        origins: [.kept, .matched, .expert],
        text: Array("ab".utf8),
        explanations: [lookedUp, drafted, Explanation(round: 3, textBytes: 1, draft: nil)]
    )

    private static let readingPong = Pong(
        boot: Samples.boot,
        number: 301,
        progress: Samples.progress,
        prompts: [
            SequenceReading(
                sequence: SequenceID(job: Samples.job, sample: 2),
                prompt: PromptReading(tokensRead: 1_234, tokens: 6_029)
            )
        ]
    )

    private static let readingDelta = Delta(
        job: Samples.job,
        state: .running,
        note: "",
        tokenOffset: 0,
        byteOffset: 0,
        tokens: [],
        origins: [],
        text: [],
        prompt: PromptReading(tokensRead: 1_234, tokens: 6_029)
    )

    private static let lookedUp = Explanation(
        round: 3,
        textBytes: 1,
        draft: Explanation.Draft(
            token: 7,
            source: .lookup,
            probability: 1,
            gate: .lookup,
            evidence: Evidence(
                probability: 0.5,
                gateProbability: 0.25,
                gateMaximum: 0.75,
                gateArgmax: 4,
                entropy: 1.5,
                isInTop: true,
                favouriteProbability: 0.125,
                variation: 0.375,
                blockMass: 0.625,
                keptMass: 0.875,
                ratio: 0.5,
                rejectMass: 0.0625,
                residual: 6
            ),
            coin: 0.25
        )
    )

    private static let drafted = Explanation(
        round: 3,
        textBytes: 0,
        draft: Explanation.Draft(
            token: 8,
            source: .model,
            probability: 0.5,
            gate: DraftGate(maximum: 0.75, argmax: 5, probability: 0.25, entropy: 2.5),
            evidence: nil,
            coin: nil
        )
    )
}
