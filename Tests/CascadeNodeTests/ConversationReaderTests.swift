import CascadeCore
import Testing

@testable import CascadeNode

/// Conversations as OpenAI's API has them, and what is said of those that are none.
@Suite struct ConversationReaderTests {
    private typealias Call = ConversationMessage.ToolCall

    private func read(_ text: String) throws(ConversationError) -> Conversation {
        try ConversationReader.read(Array(text.utf8))
    }

    @Test func anArrayIsTheMessages() throws {
        let conversation = try read(
            """
            [{"role": "system", "content": "Be brief."}, {"role": "user", "name": "anna", "content": [
              {"type": "text", "text": "a"}, {"type": "text", "text": ""}]}]
            """
        )
        #expect(
            conversation
                == Conversation(
                    messages: [
                        ConversationMessage(role: .system, content: [Array("Be brief.".utf8)]),
                        ConversationMessage(role: .user, content: [[0x61], []], name: Array("anna".utf8)),
                    ]
                )
        )
    }

    /// Also what the API's answers have in their messages, empty where it says nothing.
    @Test func anObjectHasToolsAndMore() throws {
        let conversation = try read(
            #"""
            {"add_generation_prompt": false, "chat_template_kwargs": {"z": 1, "a": [true, null]},
             "tools": [{"type": "function", "function": {"name": "f", "b": 1, "a": 2.0}}],
             "messages": [
              {"role": "developer", "content": "d"},
              {"role": "assistant", "content": null, "refusal": null, "annotations": [], "reasoning": "hm",
               "tool_calls": [
                {"id": "1", "type": "function", "index": 0,
                 "function": {"name": "f", "arguments": "{\"y\": 1, \"x\": 2}"}},
                {"function": {"name": "g", "arguments": {"y": 1, "x": "é"}}}, {"function": {"name": "h"}}]},
              {"role": "tool", "tool_call_id": "1", "content": "r"}]}
            """#
        )
        #expect(
            conversation.tools == Array(#"[{"type": "function", "function": {"name": "f", "b": 1, "a": 2.0}}]"#.utf8)
        )
        #expect(conversation.templateArguments == Array(#"{"z": 1, "a": [true, null]}"#.utf8))
        #expect(!conversation.addsGenerationPrompt)
        #expect(
            conversation.messages == [
                ConversationMessage(role: .developer, content: [[0x64]]),
                ConversationMessage(
                    role: .assistant,
                    content: [],
                    toolCalls: [
                        Call(id: [0x31], name: [0x66], arguments: Array(#"{"y": 1, "x": 2}"#.utf8)),
                        Call(name: [0x67], arguments: Array(#"{"y": 1, "x": "é"}"#.utf8)),
                        Call(name: [0x68], arguments: []),
                    ],
                    reasoning: Array("hm".utf8)
                ),
                ConversationMessage(role: .tool, content: [[0x72]], toolCallID: [0x31]),
            ]
        )
        #expect(try read(#"{"messages": [{"role": "user", "content": "x"}], "tools": null}"#).tools == nil)
    }

    @Test(
        arguments: [
            ("", "no JSON: line 1, column 1: it ends where a value should stand"),
            ("[{]", "no JSON: line 1, column 3: a key in quotes should stand in place of \"]\""),
            ("7", "it must be an array of messages or an object that has 'messages'"),
            ("{}", "messages: must be an array of messages"),
            (#"{"messages": {}}"#, "messages: must be an array of messages"),
            (
                #"{"messages": [], "model": "m"}"#,
                "model: is not known here; known: add_generation_prompt, chat_template_kwargs, messages, tools"
            ),
            ("[7]", "messages[0]: must be an object"),
            (
                #"[{"role": "user", "content": "x"}, {"role": "bot", "content": "x"}]"#,
                "messages[1].role: must be one of system, developer, user, assistant, tool"
            ),
            ("[{}]", "messages[0].role: must be one of system, developer, user, assistant, tool"),
            (#"[{"role": 1}]"#, "messages[0].role: must be a string"),
            (
                #"[{"role": "user", "content": 7}]"#,
                "messages[0].content: must be a string, null or an array of text parts"
            ),
            (
                #"[{"role": "user", "contents": "x"}]"#,
                """
                messages[0].contents: is not known here; known: content, name, reasoning, reasoning_content, role, \
                tool_call_id, tool_calls
                """
            ),
            (
                #"[{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "image_url", "url": {}}]}]"#,
                "messages[0].content[1]: image_url parts are not supported: the models take text"
            ),
            (#"[{"role": "user", "content": [{"text": "x"}]}]"#, "messages[0].content[0].type: must be \"text\""),
            (#"[{"role": "user", "content": [{"type": "text"}]}]"#, "messages[0].content[0].text: must be a string"),
            (#"[{"role": "user", "content": ["x"]}]"#, "messages[0].content[0]: must be an object"),
            (#"[{"role": "assistant", "tool_calls": {}}]"#, "messages[0].tool_calls: must be an array"),
            (#"[{"role": "assistant", "tool_calls": [{}]}]"#, "messages[0].tool_calls[0].function: must be an object"),
            (
                #"[{"role": "assistant", "tool_calls": [{"type": "custom"}]}]"#,
                "messages[0].tool_calls[0].type: must be \"function\""
            ),
            (
                #"[{"role": "assistant", "tool_calls": [{"function": {"arguments": "{}"}}]}]"#,
                "messages[0].tool_calls[0].function.name: must be a string"
            ),
            (
                #"[{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": 1}}]}]"#,
                "messages[0].tool_calls[0].function.arguments: must be a string of JSON or an object"
            ),
            (
                #"[{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{x"}}]}]"#,
                """
                messages[0].tool_calls[0].function.arguments is no JSON: line 1, column 2: a key in quotes should \
                stand in place of "x"
                """
            ),
            (
                #"[{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[]"}}]}]"#,
                "messages[0].tool_calls[0].function.arguments must be a JSON object"
            ),
            (#"{"messages": [], "tools": {}}"#, "tools must be a JSON array"),
            (#"{"messages": [], "tools": [{}, 7]}"#, "tools[1] must be a JSON object"),
            (#"{"messages": [], "chat_template_kwargs": []}"#, "chat_template_kwargs must be a JSON object"),
            (
                #"{"messages": [], "chat_template_kwargs": {"messages": []}}"#,
                "chat_template_kwargs.messages cannot be set here"
            ),
            (#"{"messages": [], "add_generation_prompt": 1}"#, "add_generation_prompt: must be true or false"),
        ]
    )
    func whatIsNoConversationIsRefusedWithItsPlace(text: String, words: String) {
        do throws(ConversationError) {
            Issue.record("\(text) is \(try read(text))")
        } catch {
            #expect(error.description == words)
        }
    }
}
