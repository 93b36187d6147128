import CascadeJSON

/// Parameters that would change an answer and that the gateway does not serve: whoever sends one is told so, by name,
/// instead of getting an answer that left it out. Parameters that nobody here knows are ignored, as vLLM does, since
/// clients send many that have no effect on answers (`user`, `metadata`, `store`, `service_tier` …).
enum UnsupportedFields {
    static let common = [
        "best_of", "bad_words", "guided_choice", "guided_regex", "ignore_eos", "include_stop_str_in_output",
        "length_penalty", "min_tokens", "prompt_logprobs", "stop_token_ids", "truncate_prompt_tokens", "typical_p",
        "use_beam_search",
    ]
    /// The form of an answer, where a route has no word for it.
    static let forms = ["guided_grammar", "guided_json", "response_format", "structured_outputs"]
    private static let chat = [
        "audio", "chat_template", "continue_final_message", "documents", "echo", "function_call", "functions",
        "prediction", "web_search_options",
    ]
    private static let text = ["echo", "suffix"]

    /// Throws for the first parameter that asks for something that is not served.
    static func check(_ fields: Field, kind: CompletionCall.Kind) throws(GatewayError) {
        for name in common + (kind == .chat ? chat : text) {
            let field = fields[name]
            guard !isNeutral(field.value) else { continue }
            // As many candidates as answers is what happens anyway.
            if name == "best_of", field.value == fields["n"].value || field.value == .number("1") { continue }
            if name == "length_penalty" || name == "typical_p", field.value == .number("1.0") { continue }
            if name == "function_call", field.value == "none" { continue }
            throw .unsupported(field.path, "is not supported")
        }
        if kind == .chat { try checkModalities(fields["modalities"]) }
    }

    /// What clients send where they do not want anything.
    static func isNeutral(_ value: JSONValue) -> Bool {
        [.null, false, .number("0"), .array([]), .object([]), ""].contains(value)
    }

    private static func checkModalities(_ modalities: Field) throws(GatewayError) {
        for kind in try modalities.array(most: 16) ?? [] where kind.value != "text" {
            throw .unsupported(kind.path, "only 'text' is supported")
        }
    }
}
