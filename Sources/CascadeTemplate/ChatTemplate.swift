/// A model's own chat template: the subset of Jinja that `tokenizer.chat_template` values are written in.
///
/// The result equals what Jinja2 gives in the environment of Hugging Face's `apply_chat_template` (`trim_blocks` and
/// `lstrip_blocks` set, `break` and `continue`, the immutable sandbox, `tojson` as plain JSON). What lies outside the
/// subset is refused with a `TemplateError` that names it: unknown tags when the template is read, unknown filters,
/// tests and methods when a rendering reaches them, so that an exotic branch nobody takes does no harm. The only clock
/// is the one that a caller hands over: without it `strftime_now` is undefined, and templates that ask for it first
/// take their fixed date.
///
/// Source, nesting, steps, output and values are bounded (`TemplateLimits`); a hostile template ends in an error.
package struct ChatTemplate: Sendable {
    let body: [TemplateStatement]
    let macros: [TemplateMacro]
    /// Whether the source names the role `developer`. Templates that do not know it print nothing for it, or refuse it.
    package let knowsDeveloper: Bool

    /// Reads a template.
    ///
    /// - Throws: `TemplateError` with the line and column of what could not be read.
    package init(source: String) throws(TemplateError) {
        var lexer = try TemplateLexer(source: source)
        var parser = TemplateParser(tokens: try lexer.tokenize())
        body = try parser.parseTemplate()
        macros = parser.macros
        knowsDeveloper = source.contains("developer")
    }

    /// The prompt for a conversation, which knows what of it the template wrote.
    ///
    /// - Parameters:
    ///   - messages: the turns, oldest first. Their contents come from outside.
    ///   - addGenerationPrompt: whether the prompt ends with the opening of the assistant's turn.
    ///   - bosToken: the text of the begin token, empty where the model has none.
    ///   - eosToken: the text of the end token, empty where the model has none.
    ///   - localSeconds: what `strftime_now` takes for now: seconds behind the beginning of 1970 in the reader's time
    ///     zone; nil: it is undefined.
    ///   - extra: further variables (`tools`, `documents`, `enable_thinking`, …). They win over the variables above;
    ///     `tools` and `documents` are none where they are not given. Their texts come from outside.
    /// - Throws: `TemplateError`; its kind is `raised` where the template itself refuses the conversation.
    package func render(
        messages: [ChatMessage],
        addGenerationPrompt: Bool,
        bosToken: String,
        eosToken: String,
        localSeconds: UInt64? = nil,
        extra: [String: TemplateValue] = [:]
    ) throws(TemplateError) -> TemplateString {
        var variables: [String: TemplateValue] = [
            "messages": .list(TemplateList(messages.map(\.value))),
            "add_generation_prompt": .boolean(addGenerationPrompt),
            "bos_token": .string(TemplateString(bosToken)),
            "eos_token": .string(TemplateString(eosToken)),
            "tools": .null,
            "documents": .null,
        ]
        for (name, value) in extra {
            guard value.depth <= TemplateLimits.valueDepth else {
                throw .limit("'\(name)' is nested \(value.depth) deep, at most \(TemplateLimits.valueDepth)")
            }
            variables[name] = value.asForeign
        }
        let clock = localSeconds.map(TemplateClock.init(localSeconds:))
        var evaluator = TemplateEvaluator(macros: macros, variables: variables, clock: clock)
        return try evaluator.render(body)
    }
}
