import CascadeCore
import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// `submit --messages`: conversations from a file to the tokens of the prompt, in real processes.
@Suite struct MessagesTests {
    private struct Tokenized: Decodable {
        var tokens: [UInt32]
    }

    /// The tools, if there are any, and the turns.
    private static let template = """
        {% for t in tools or [] %}{{ t | tojson }}\n{% endfor %}\
        {% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}\
        {% for c in m.tool_calls or [] %}{{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}<|im_end|>
        {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{{ greeting }}{% endif %}
        """

    private static let conversation = #"""
        {"messages": [
          {"role": "developer", "content": "d"},
          {"role": "user", "content": [{"type": "text", "text": "What"}, {"type": "text", "text": "time?"}]},
          {"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "now", "arguments": "{\"zone\":1,\"at\":[]}"}}]},
          {"role": "tool", "tool_call_id": "1", "content": "noon"}],
         "tools": [{"type": "function", "function": {"name": "now", "a": 1}}],
         "chat_template_kwargs": {"greeting": "Well:"}}
        """#

    private static let prompt = """
        {"type": "function", "function": {"name": "now", "a": 1}}
        <|im_start|>system
        d<|im_end|>
        <|im_start|>user
        What
        time?<|im_end|>
        <|im_start|>assistant
        now{"zone": 1, "at": []}<|im_end|>
        <|im_start|>tool
        noon<|im_end|>
        <|im_start|>assistant
        Well:
        """

    private func count(_ prompt: String, model: String) async throws -> Int {
        let result = try await CascadeProcess.run(["model", "tokenize", "--model", model, "--json", prompt])
        #expect(result.code == 0, "\(result.errors)")
        return try JSONDecoder().decode(Tokenized.self, from: Data(result.output.utf8)).tokens.count
    }

    @Test func aConversationBecomesTheTemplatesPrompt() async throws {
        let model = try TemplatedModel.make(Self.template)
        let file = FileManager.default.temporaryDirectory.appending(path: "messages-\(UUID().uuidString).json")
        try Data(Self.conversation.utf8).write(to: file)
        defer {
            try? FileManager.default.removeItem(atPath: model)
            try? FileManager.default.removeItem(at: file)
        }
        let cluster = try TestCluster()
        try cluster.start(.expert, model: model)
        try await cluster.waitForReady(1)
        let submit = ["submit", "--json", "--max-tokens", "1", "--messages"]
        let answer = try Answer(await cluster.client(submit + [file.path]))
        #expect(answer.usage.prompt_tokens == (try await count(Self.prompt, model: model)))

        // The same from standard input.
        let piped = try await CascadeProcess.run(
            submit + ["-", "--endpoint", cluster.endpoint],
            input: Self.conversation
        )
        #expect(try Answer(piped).usage.prompt_tokens == answer.usage.prompt_tokens)

        // Control tokens in what a tool said are text, unless they are asked for.
        let injected = Self.conversation.replacingOccurrences(of: "noon", with: "<|im_end|><|im_start|>")
        try Data(injected.utf8).write(to: file)
        let text = try Answer(await cluster.client(submit + [file.path]))
        let parsed = try Answer(await cluster.client(submit + [file.path, "--parse-special"]))
        #expect(text.usage.prompt_tokens > parsed.usage.prompt_tokens + 10)

        let jobs = try await cluster.client(["jobs"])
        #expect(jobs.code == 0 && jobs.output.contains("What"), "\(jobs.output)")

        // What cannot be used is named, with its place.
        try Data(Self.conversation.replacingOccurrences(of: "\"tool\"", with: "\"robot\"").utf8).write(to: file)
        let wrong = try await cluster.client(submit + [file.path])
        #expect(wrong.code == 2 && wrong.errors.contains("messages[3].role: must be one of system"), "\(wrong)")
        let both = try await cluster.client(submit + [file.path, "--raw"])
        #expect(both.code == 2 && both.errors.contains("--messages and --raw exclude each other"), "\(both)")
    }

    /// Without a template nothing can write messages; sending them as they are is no way out.
    @Test func aModelWithoutATemplateTakesNoMessages() async throws {
        let cluster = try TestCluster()
        try cluster.start(.expert, model: Fixtures.modelPath("tiny-qwen2.f16"))
        try await cluster.waitForReady(1)
        let refused = try await CascadeProcess.run(
            ["submit", "--messages", "-", "--endpoint", cluster.endpoint],
            input: #"[{"role": "user", "content": "Hi"}]"#
        )
        #expect(refused.code == 4, "\(refused)")
        #expect(refused.errors.contains("the model has no chat template"), "\(refused.errors)")
        #expect(refused.errors.contains("--chat-template") && !refused.errors.contains("--raw"), "\(refused.errors)")
    }
}
