import CascadeCoordinator
import CascadeCore
import Testing

/// Jobs that carry a conversation in place of a prompt.
struct ConversationTests {
    private static func message(
        _ role: ConversationMessage.Role,
        _ texts: String...
    ) -> ConversationMessage {
        ConversationMessage(role: role, content: texts.map { Array($0.utf8) })
    }

    private static let messages = [
        message(.system, "Be brief."), message(.user, "first"), message(.assistant, "yes"),
        message(.user, "second", "part"), message(.assistant, "no"),
    ]

    private func submission(_ harness: inout Harness, _ conversation: Conversation) -> Submit {
        var submit = harness.submission("")
        (submit.format, submit.conversation) = (.automatic, conversation)
        return submit
    }

    private func coordinator() -> Harness {
        var harness = Harness()
        harness.readsPrompts = false
        harness.join(ToyNode("expert", .expert))
        return harness
    }

    @Test func itIsHandedToTheTokenizerAsItCame() throws {
        var harness = coordinator()
        let conversation = Conversation(
            messages: Self.messages,
            tools: Array("[]".utf8),
            templateArguments: Array("{}".utf8),
            addsGenerationPrompt: false
        )
        let submitted = harness.submit(submission(&harness, conversation))
        let job = try #require(submitted)
        let request = try #require(harness.unreadPrompts.first)
        #expect(request.conversation == conversation && request.prompt.isEmpty)
        harness.unreadPrompts.removeFirst()
        harness.feed(.tokenized(request.job, .tokens(Toy.tokens(Array("hello".utf8)))))
        harness.settle()
        #expect(harness.report(job)?.reason == .length)
    }

    /// The list of jobs shows what the user said last.
    @Test func theListShowsTheUsersLastWords() {
        var harness = coordinator()
        harness.submit(submission(&harness, Conversation(messages: Self.messages)))
        harness.submit(submission(&harness, Conversation(messages: [Self.message(.system, "Speak.")])))
        harness.submit(harness.submission("a prompt"))
        harness.feed(.jobsRequest(JobsRequest(requestID: 1, limit: 10)))
        guard case .jobList(let list)? = harness.messages().last else {
            Issue.record("no list")
            return
        }
        #expect(list.jobs.map(\.promptBeginning) == ["a prompt", "", "second\npart"])
    }

    @Test func theSameKeyWithAnotherConversationIsRefused() throws {
        var harness = coordinator()
        let submit = submission(&harness, Conversation(messages: Self.messages, tools: Array("[]".utf8)))
        let submitted = harness.submit(submit)
        let job = try #require(submitted)
        var again = submit
        again.requestID += 100
        #expect(harness.submit(again, from: PeerID([2])) == job)
        let changes: [(inout Conversation) -> Void] = [
            { $0.messages[1].content = [Array("First".utf8)] },
            { $0.messages[3].content = [Array("second\npart".utf8)] },
            { $0.messages[0].role = .developer }, { $0.messages[0].name = [] }, { $0.tools = nil },
            { $0.templateArguments = Array("{}".utf8) }, { $0.addsGenerationPrompt = false },
            { $0.messages.removeLast() },
        ]
        for (index, change) in changes.enumerated() {
            var other = again
            if var conversation = submit.conversation {
                change(&conversation)
                other.conversation = conversation
            }
            let peer = PeerID([3, UInt8(index)])
            #expect(harness.submit(other, from: peer) == nil, "change \(index)")
            #expect(harness.refusals(peer).last?.message.contains("submit key") == true, "change \(index)")
        }
    }

    /// Submissions that make no sense, and what their clients are told.
    @Test func wrongShapesAreRefusedInWords() {
        typealias Call = ConversationMessage.ToolCall
        let long = [UInt8](repeating: 0x61, count: 257)
        let user = Self.message(.user, "x")
        func calling(_ call: Call) -> [ConversationMessage] {
            [user, ConversationMessage(role: .assistant, content: [], toolCalls: [call])]
        }
        var limits = JobLimits()
        (limits.messages, limits.textParts, limits.toolCalls, limits.promptBytes) = (4, 6, 2, 1_000)
        let cases: [([ConversationMessage], String)] = [
            ([], "messages: there must be at least one message"),
            (.init(repeating: user, count: 5), "at most 4 messages are possible, not 5"),
            (
                .init(repeating: Self.message(.user, "a", "b", "c", "d"), count: 2),
                "the messages may have at most 6 text parts, not 8"
            ),
            (
                [
                    ConversationMessage(
                        role: .assistant,
                        content: [],
                        toolCalls: .init(repeating: Call(name: [1], arguments: []), count: 3)
                    )
                ],
                "the messages may have at most 2 tool calls, not 3"
            ),
            (
                [Self.message(.user, String(repeating: "x", count: 1_001))],
                "messages, tools and chat template arguments may have at most 1000 bytes together, not 1001"
            ),
            ([user, Self.message(.user)], "messages[1].content: a message of role user must have a text"),
            ([Self.message(.tool)], "messages[0].content: a message of role tool must have a text"),
            ([Self.message(.assistant)], "messages[0]: a message of role assistant must have content or tool_calls"),
            (
                [ConversationMessage(role: .user, content: [[]], toolCalls: [Call(name: [0x66], arguments: [])])],
                "messages[0].tool_calls: role assistant alone calls tools, not user"
            ),
            (
                [ConversationMessage(role: .tool, content: [[]], reasoning: [])],
                "messages[0].reasoning_content: role assistant alone has it, not tool"
            ),
            (
                [ConversationMessage(role: .user, content: [[]], toolCallID: [])],
                "messages[0].tool_call_id: role tool alone has it, not user"
            ),
            (calling(Call(name: [], arguments: [])), "messages[1].tool_calls[0]: the function must have a name"),
            (
                calling(Call(name: long, arguments: [])),
                "messages[1].tool_calls[0].function.name may have at most 256 bytes, not 257"
            ),
            (
                calling(Call(id: long, name: [0x66], arguments: [])),
                "messages[1].tool_calls[0].id may have at most 256 bytes, not 257"
            ),
            (
                [ConversationMessage(role: .tool, content: [[]], toolCallID: long)],
                "messages[0].tool_call_id may have at most 256 bytes, not 257"
            ),
            (
                [ConversationMessage(role: .user, content: [[]], name: long)],
                "messages[0].name may have at most 256 bytes, not 257"
            ),
        ]
        var coordinatorLimits = Harness.fixed
        coordinatorLimits.job = limits
        var harness = Harness(limits: coordinatorLimits)
        for (messages, words) in cases {
            let submit = submission(&harness, Conversation(messages: messages))
            #expect(harness.submit(submit) == nil, "\(words)")
            #expect(harness.refusals().last?.code == .badRequest && harness.refusals().last?.message == words)
        }
        var submit = submission(&harness, Conversation(messages: [user]))
        #expect(limits.problem(of: submit) == nil)
        submit.format = .raw
        #expect(limits.problem(of: submit) == "messages need the model's chat template, which raw leaves out")
        for isPrompt in [true, false] {
            submit = submission(&harness, Conversation(messages: [user]))
            if isPrompt { submit.prompt = [0x78] } else { submit.system = [] }
            #expect(
                limits.problem(of: submit)
                    == "a submission has either messages or a prompt with its system message, not both"
            )
        }
    }

    /// A tool's message needs no id, and an assistant's no text where it thought or calls.
    @Test func whatPeersTakeIsTaken() {
        let call = ConversationMessage.ToolCall(name: [0x66], arguments: [])
        var harness = Harness()
        for message in [
            Self.message(.tool, "5"), ConversationMessage(role: .assistant, content: [], toolCalls: [call]),
            ConversationMessage(role: .assistant, content: [], reasoning: [0x78]), Self.message(.developer, ""),
        ] {
            #expect(harness.submit(submission(&harness, Conversation(messages: [message]))) != nil, "\(message)")
        }
    }

    /// The queue counts all that is kept of a conversation.
    @Test func itsBytesCount() {
        var limits = Harness.fixed
        limits.job.promptBytes = 1_000
        limits.queuedBytes = 4_000
        var harness = Harness(limits: limits)
        for _ in 0..<5 {
            let conversation = Conversation(
                messages: [Self.message(.user, String(repeating: "x", count: 400))],
                tools: [UInt8](repeating: 0x20, count: 600)
            )
            harness.submit(submission(&harness, conversation))
        }
        #expect(harness.machine.transitions[.jobAccepted] == 2)
        #expect(harness.refusals().last?.code == .overloaded)
    }
}
