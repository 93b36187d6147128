import CascadeCore
import Testing

@testable import CascadeWire

/// What a job may ask for is one set of numbers: the wire has room for it, in every field at once.
@Suite struct JobLimitTests {
    private func largest(prompt: Int) -> Submit {
        let limits = JobLimits.standard
        return Submit(
            requestID: .max,
            submitKey: Hash128(high: .max, low: .max),
            pool: String(repeating: "p", count: limits.poolBytes),
            prompt: [UInt8](repeating: 0xFF, count: prompt - 1),
            format: .chat,
            system: [0xFF],
            sampling: SamplingSettings(temperature: 0.7, topK: 40, topP: 0.9, minP: 0.1),
            rule: RuleSettings(rule: .tokenV3),
            maxTokens: UInt32(limits.answerTokens),
            stop: [[UInt8]](repeating: [UInt8](repeating: 0xFF, count: limits.stopBytes), count: limits.stopStrings),
            seed: .max,
            draftLength: .fixed(UInt32(limits.draftTokens)),
            drafterKind: .both,
            follow: true,
            priority: .high,
            deadlineMilliseconds: limits.deadlineMilliseconds
        )
    }

    @Test func theLargestSubmissionPasses() throws {
        let submit = largest(prompt: JobLimits.standard.promptBytes)
        #expect(JobLimits.standard.problem(of: submit) == nil)
        #expect(try WireCodec.decode(WireCodec.encode(.submit(submit))) == .submit(submit))
        let record = JournalRecord.Entry.accepted(
            AcceptedJob(number: 1, submit: submit, seed: 1, draftLength: .adaptive)
        )
        #expect(try JournalCodec.decode(JournalCodec.encode(record)) == record)
    }

    private func conversing(_ messages: [ConversationMessage], tools: [UInt8]? = nil) -> Submit {
        var submit = largest(prompt: 1)
        (submit.prompt, submit.system) = ([], nil)
        submit.conversation = Conversation(messages: messages, tools: tools, addsGenerationPrompt: false)
        return submit
    }

    /// Most of everything at once, and as many as there may be of the shortest, which take the most memory a byte.
    @Test func theLargestConversationsPass() throws {
        let limits = JobLimits.standard
        let short = ConversationMessage(role: .user, content: [[0x78]])
        var parts = conversing(.init(repeating: short, count: limits.messages))
        parts.conversation?.messages[0].content += .init(repeating: [], count: limits.textParts - limits.messages)

        let name = [UInt8](repeating: 0x6E, count: 60)
        let call = ConversationMessage.ToolCall(id: [0x31], name: [0x66], arguments: [])
        let calling = ConversationMessage(
            role: .assistant,
            content: [[], []],
            toolCalls: [call, call],
            name: name,
            reasoning: name
        )
        var full = conversing(.init(repeating: calling, count: limits.messages), tools: [])
        let rest = limits.promptBytes - (full.conversation?.textBytes ?? 0)
        full.conversation?.tools = [UInt8](repeating: 0x20, count: rest)
        #expect(full.conversation?.textBytes == limits.promptBytes)

        for submit in [parts, full] {
            #expect(limits.problem(of: submit) == nil)
            #expect(try WireCodec.decode(WireCodec.encode(.submit(submit))) == .submit(submit))
            let record = JournalRecord.Entry.accepted(
                AcceptedJob(number: 1, submit: submit, seed: 1, draftLength: .adaptive)
            )
            #expect(try JournalCodec.decode(JournalCodec.encode(record)) == record)
        }
        full.conversation?.tools?.append(0x20)
        #expect(
            limits.problem(of: full)
                == "messages, tools and chat template arguments may have at most 1048576 bytes together, not 1048577"
        )
    }

    @Test func logprobsHaveTheirLimits() {
        let limits = JobLimits.standard
        var submit = largest(prompt: 100)
        submit.maxTokens = UInt32(limits.explainedTokens)
        submit.logprobs = limits.logprobs
        #expect(limits.problem(of: submit) == nil)
        submit.logprobs = limits.logprobs + 1
        #expect(
            limits.problem(of: submit) == "log probabilities of at most 20 tokens can be told at each position, not 21"
        )
        submit.logprobs = 0
        submit.maxTokens += 1
        #expect(limits.problem(of: submit) == "log probabilities of at most 2048 tokens can be told, not 2049")
        submit.logprobs = nil
        #expect(limits.problem(of: submit) == nil)
    }

    /// One byte more is told in words by both sides: the wire carries it to the coordinator, or says itself how much it
    /// was.
    @Test func moreIsNamed() {
        let submit = largest(prompt: JobLimits.standard.promptBytes + 1)
        let problem = JobLimits.standard.problem(of: submit)
        #expect(problem == "prompt and system message may have at most 1048576 bytes, not 1048577")
        let frames = WireCodec.encode(.submit(largest(prompt: 2 << 20)))
        let error = #expect(throws: WireError.self) { try WireCodec.decode(frames) }
        #expect(error?.forPeople.contains("at most") == true)
    }
}
