import CascadeCore
import CascadeJSON
import Testing

@testable import CascadeGateway

/// What requests say, and what is wrong with those that are refused.
@Suite struct RequestTests {
    private func read(_ kind: CompletionCall.Kind, _ text: String) throws -> CompletionCall {
        try CompletionCall(kind: kind, body: JSONParser.parse(Array(text.utf8)), limits: .init(), owner: "me")
    }

    private func chat(_ fields: String) throws -> CompletionCall {
        try read(.chat, #"{"messages":[{"role":"user","content":"Hi"}],\#(fields)}"#)
    }

    @Test func defaultsOfAChat() throws {
        let call = try read(.chat, #"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#)
        let request = try #require(call.requests.first)
        #expect(call.requests.count == 1)
        #expect(!call.streams && !call.includesUsage && !call.tellsTokens)
        #expect(request.model == "m")
        #expect(request.prompt == .chat(.init(messages: [.init(role: .user, content: "Hi")])))
        #expect(request.sampling == CompletionRequest.Sampling())
        #expect(request.sampling.temperature == 1)
        #expect(request.maxTokens == nil && request.seed == nil && request.logprobs == nil)
        #expect(request.owner == "me")
    }

    @Test func everyFieldOfAChat() throws {
        let call = try chat(
            #"""
            "stream":true,"stream_options":{"include_usage":true},"temperature":0.5,"top_p":0.9,"top_k":40,"min_p":0.05,
            "presence_penalty":1,"frequency_penalty":-1,"repetition_penalty":1.1,"logit_bias":{"50":-100,"7":1.5},
            "max_tokens":9,"max_completion_tokens":8,"stop":["a","b"],"seed":-1,"n":2,"logprobs":true,"top_logprobs":3,
            "chat_template_kwargs":{"z":1,"a":[true]},"user":"u","metadata":{"k":"v"},"unheard_of":1,
            "cascade":{"rule":"token-v3","alpha":0.2,"num_speculative_tokens":4,"verify_method":"coupled",
            "drafter":"lookup","priority":"high","tokens":true}
            """#
        )
        #expect(call.streams && call.includesUsage && call.tellsTokens)
        #expect(call.requests.map(\.sample) == [0, 1])
        let request = call.requests[1]
        var sampling = CompletionRequest.Sampling()
        (sampling.temperature, sampling.topP, sampling.topK, sampling.minP) = (0.5, 0.9, 40, 0.05)
        (sampling.presencePenalty, sampling.frequencyPenalty, sampling.repetitionPenalty) = (1, -1, 1.1)
        sampling.logitBias = [.init(token: 7, bias: 1.5), .init(token: 50, bias: -100)]
        #expect(request.sampling == sampling)
        #expect(request.maxTokens == 8)
        #expect(request.stop == [Array("a".utf8), Array("b".utf8)])
        #expect(request.seed == .max)
        #expect(request.samples == 2)
        #expect(request.logprobs == 3)
        guard case .chat(let chat) = request.prompt else { throw GatewayError.internalError }
        #expect(chat.templateArgumentsJSON == #"{"z":1,"a":[true]}"#)
        var cascade = CompletionRequest.CascadeOptions()
        (cascade.rule, cascade.alpha, cascade.draftLength) = (.tokenV3, 0.2, .fixed(4))
        (cascade.verifyMethod, cascade.drafter, cascade.priority) = (.coupled, .lookup, .high)
        #expect(request.cascade == cascade)
    }

    @Test func messages() throws {
        let call = try read(
            .chat,
            #"""
            {"messages":[{"role":"system","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
            {"role":"developer","content":"d","name":"n"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
            "function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"42"}]}
            """#
        )
        guard case .chat(let chat) = call.requests[0].prompt else { throw GatewayError.internalError }
        #expect(
            chat.messages == [
                .init(role: .system, content: "a\nb"), .init(role: .developer, content: "d", name: "n"),
                .init(role: .assistant, content: nil, toolCalls: [.init(id: "c1", name: "f", arguments: "{}")]),
                .init(role: .tool, content: "42", toolCallID: "c1"),
            ]
        )
    }

    @Test func promptsOfTexts() throws {
        let text = try read(.text, #"{"prompt":"a","logprobs":0}"#)
        #expect(text.requests[0].prompt == .text([97]))
        #expect(text.requests[0].maxTokens == 16)
        #expect(text.requests[0].logprobs == 0)
        #expect(try read(.text, #"{"prompt":[1,2]}"#).requests.map(\.prompt) == [.tokens([1, 2])])
        let several = try read(.text, #"{"prompt":["a",[5]],"n":2,"best_of":2}"#)
        #expect(several.requests.map(\.prompt) == [.text([97]), .text([97]), .tokens([5]), .tokens([5])])
        #expect(several.requests.map(\.sample) == [0, 1, 0, 1])
    }

    /// Fields that mean nothing, as clients send them.
    @Test(arguments: [
        #""tools":[]"#, #""tools":[{"type":"function"}],"tool_choice":"none""#, #""tool_choice":"auto""#,
        #""response_format":{"type":"text"}"#, #""modalities":["text"]"#, #""best_of":1"#, #""functions":null"#,
        #""function_call":"none""#, #""parallel_tool_calls":true"#, #""store":false"#, #""service_tier":"auto""#,
        #""ignore_eos":false"#, #""temperature":null"#, #""stop":null"#, #""top_k":-1"#, #""n":1.0"#,
        #""top_logprobs":0"#,
    ])
    func accepts(_ fields: String) throws {
        #expect(try chat(fields).requests.count == 1)
    }

    /// What is refused, and the parameter that the refusal names.
    @Test(arguments: [
        (#""temperature":3"#, "temperature"), (#""temperature":"1""#, "temperature"),
        (#""temperature":1e999"#, "temperature"),
        (#""top_p":0"#, "top_p"), (#""top_k":-2"#, "top_k"), (#""top_k":1.5"#, "top_k"), (#""min_p":1"#, "min_p"),
        (#""presence_penalty":2.1"#, "presence_penalty"), (#""frequency_penalty":-3"#, "frequency_penalty"),
        (#""repetition_penalty":0"#, "repetition_penalty"), (#""logit_bias":{"a":1}"#, "logit_bias.a"),
        (#""logit_bias":{"1":101}"#, "logit_bias.1"), (#""logit_bias":[1]"#, "logit_bias"), (#""n":0"#, "n"),
        (#""n":65"#, "n"), (#""max_tokens":0"#, "max_tokens"),
        (#""max_completion_tokens":-1"#, "max_completion_tokens"),
        (#""stop":"""#, "stop"), (#""stop":["a",1]"#, "stop[1]"), (#""seed":1.5"#, "seed"),
        (#""seed":18446744073709551616"#, "seed"), (#""logprobs":5"#, "logprobs"),
        (#""logprobs":true,"top_logprobs":21"#, "top_logprobs"), (#""top_logprobs":2"#, "top_logprobs"),
        (#""stream":"yes""#, "stream"), (#""stream_options":{"include_usage":true}"#, "stream_options"),
        (#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage"),
        (#""tools":[{"type":"function"}]"#, "tools[0].function"), (#""tool_choice":"required""#, "tool_choice"),
        (#""tools":[{"type":"web_search"}]"#, "tools[0].type"), (#""tool_choice":"f""#, "tool_choice"),
        (#""tools":[{"type":"function","function":{"name":"a b"}}]"#, "tools[0].function.name"),
        (
            #""tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}]"#,
            "tools[1].function.name"
        ),
        (#""tools":[{"type":"function","function":{"name":"f","strict":true}}]"#, "tools[0].function.strict"),
        (
            ##""tools":[{"type":"function","function":{"name":"f","parameters":{"x":{"$ref":"#"}}}}],"##
                + #""tool_choice":"required""#,
            "tools[0].function.parameters"
        ),
        (#""tools":[{"type":"function","function":{"name":"f","parameters":1}}]"#, "tools[0].function.parameters"),
        (#""tool_choice":{"type":"function","function":{"name":"f"}}"#, "tool_choice.function.name"),
        (
            #""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","guided_json":{}"#,
            "tool_choice"
        ),
        (#""include_reasoning":1"#, "include_reasoning"), (#""parallel_tool_calls":1"#, "parallel_tool_calls"),
        (#""functions":[{"name":"f"}]"#, "functions"),
        (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
        (#""response_format":{}"#, "response_format.type"), (#""best_of":2"#, "best_of"),
        (#""audio":{"voice":"x"}"#, "audio"),
        (#""modalities":["text","audio"]"#, "modalities[1]"), (#""guided_regex":"a*""#, "guided_regex"),
        (#""echo":true"#, "echo"), (#""chat_template_kwargs":"x""#, "chat_template_kwargs"),
        (#""cascade":{"rul":"x"}"#, "cascade.rul"), (#""cascade":{"rule":"x"}"#, "cascade.rule"),
        (#""cascade":{"rule":"lossless","alpha":0.1}"#, "cascade.alpha"),
        (#""cascade":{"rule":"token-v3","alpha":7}"#, "cascade"),
        (#""cascade":{"num_speculative_tokens":-1}"#, "cascade.num_speculative_tokens"),
        (#""cascade":{"num_speculative_tokens":"many"}"#, "cascade.num_speculative_tokens"),
        (#""cascade":{"verify_method":"x"}"#, "cascade.verify_method"),
        (#""cascade":{"drafter":"x"}"#, "cascade.drafter"),
        (#""cascade":[]"#, "cascade"),
    ])
    func namesTheParameter(_ fields: String, _ parameter: String) {
        let error = #expect(throws: GatewayError.self) { try chat(fields) }
        #expect(error?.status == 400)
        #expect(error?.param == parameter)
        #expect(error?.message.hasPrefix(parameter) == true)
    }

    /// The same for messages, which have a path of their own.
    @Test(arguments: [
        ("null", "messages"), ("[]", "messages"), ("{}", "messages"), ("[1]", "messages[0]"),
        (#"[{"content":"a"}]"#, "messages[0].role"), (#"[{"role":"robot","content":"a"}]"#, "messages[0].role"),
        (#"[{"role":"function","content":"a"}]"#, "messages[0].role"), (#"[{"role":"user"}]"#, "messages[0].content"),
        (#"[{"role":"user","content":1}]"#, "messages[0].content"),
        (
            #"[{"role":"user","content":"a"},{"role":"user","content":[{"type":"image_url"}]}]"#,
            "messages[1].content[0].type"
        ),
        (#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
        (#"[{"role":"tool","content":"a"}]"#, "messages[0].tool_call_id"),
        (#"[{"role":"user","content":"a","tool_calls":[]}]"#, "messages[0].tool_calls"),
        (#"[{"role":"assistant","tool_calls":[{"id":"c"}]}]"#, "messages[0].tool_calls[0].function"),
        (#"[{"role":"assistant","tool_calls":[{"id":"c","type":"custom"}]}]"#, "messages[0].tool_calls[0].type"),
    ])
    func namesThePlaceInMessages(_ messages: String, _ path: String) {
        let error = #expect(throws: GatewayError.self) { try read(.chat, #"{"messages":\#(messages)}"#) }
        #expect(error?.param == path)
    }

    @Test(arguments: [
        (#"{}"#, "prompt"), (#"{"prompt":[]}"#, "prompt"), (#"{"prompt":5}"#, "prompt"),
        (#"{"prompt":[1,"a"]}"#, "prompt[1]"),
        (#"{"prompt":["a",[]]}"#, "prompt[1]"), (#"{"prompt":[-1]}"#, "prompt[0]"),
        (#"{"prompt":["a","b"],"n":64}"#, "n"),
        (#"{"prompt":"a","suffix":"b"}"#, "suffix"), (#"{"prompt":"a","echo":true}"#, "echo"),
        (#"{"prompt":"a","logprobs":true}"#, "logprobs"),
    ])
    func namesTheParameterOfTexts(_ body: String, _ parameter: String) {
        let error = #expect(throws: GatewayError.self) { try read(.text, body) }
        #expect(error?.param == parameter)
    }

    @Test func theBodyIsAnObject() {
        #expect(throws: GatewayError.self) { try read(.chat, "[]") }
    }
}
