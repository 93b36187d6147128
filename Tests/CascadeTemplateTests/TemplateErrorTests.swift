import Testing

@testable import CascadeTemplate

/// What errors say, and what `render` hands to a template.
struct TemplateErrorTests {
    static let messages = [ChatMessage(role: "user", content: "Hi"), ChatMessage(role: "assistant", content: "Ho")]

    static func render(_ source: String, extra: [String: TemplateValue] = [:]) throws(TemplateError) -> String {
        try ChatTemplate(source: source).render(
            messages: messages,
            addGenerationPrompt: true,
            bosToken: "<s>",
            eosToken: "</s>",
            extra: extra
        ).text
    }

    /// Source, kind, line, column, words.
    static let failures: [(String, TemplateError.Kind, Int, Int, String)] = [
        ("a\n  {% if x %}b", .syntax, 2, 14, "found the end of the template"),
        ("a\n{{ 'x }}", .syntax, 2, 4, "string does not end"),
        ("é\n😀{{ x", .syntax, 2, 2, "tag does not end"),
        ("{# x", .syntax, 1, 1, "comment does not end"),
        ("\r\n\r{{ 1 ? }}", .syntax, 3, 6, "'?'"),
        ("{{ (1, 2] }}", .syntax, 1, 9, "']'"),
        ("{% endif %}", .syntax, 1, 4, "endif"),
        ("{% include 'x' %}", .unsupported, 1, 4, "the tag 'include'"),
        ("{{ x | urlize }}", .unsupported, 1, 6, "the filter 'urlize'"),
        ("{{ 1 is filter }}", .unsupported, 1, 6, "the test 'filter'"),
        ("{% macro m() %}{% endmacro %}\n{% call m() %}{% endcall %}", .evaluation, 2, 9, "calls no 'caller'"),
        ("{{ messages.append(1) }}", .evaluation, 1, 19, "'append' would change a list"),
        ("ok\n{{ messages[0].missing.deeper }}", .evaluation, 2, 23, "a map has no 'missing'"),
        ("{{ nobody.name }}", .evaluation, 1, 10, "'nobody' is undefined"),
        ("{{ strftime_now('%Y') }}", .evaluation, 1, 16, "'strftime_now' is undefined"),
        ("{{ 1\n + none }}", .evaluation, 1, 4, "'+' does not take an integer and none"),
        ("{% for x in 5 %}{% endfor %}", .evaluation, 1, 13, "an integer cannot be iterated"),
        ("{% set a, b = [1] %}", .evaluation, 1, 8, "1 values for 2 names"),
        ("{% set x.y = 1 %}", .evaluation, 1, 8, "'x' is no namespace"),
        ("{% macro m() %}\n{{ 1 / 0 }}{% endmacro %}{{ m() }}", .evaluation, 2, 4, "division by zero"),
        ("{{ '%d' %\n'a' }}", .evaluation, 1, 4, "a number's format does not take a string"),
        ("{{ '{} {0}'.format(1) }}", .evaluation, 1, 12, "fields with a number and fields without"),
        ("{% for x in [1] %}{{ loop([x]) }}{% endfor %}", .evaluation, 1, 26, "not marked 'recursive'"),
        (
            """
            {% set n = namespace() %}{% macro m() %}{% set n.c = caller %}{{ caller() }}{% endmacro %}
            {% for x in [[1]] recursive %}{% if x is number %}{{ n.c() }}{% else %}
            {% with %}{% call m() %}{{ loop(x) }}{% endcall %}{% endwith %}{% endif %}{% endfor %}
            """, .evaluation, 2, 57, "the caller's call is over"
        ),
        ("{{ raise_exception('No ' ~ messages[0].role) }}", .raised, 1, 19, "No user"),
        ("{{ range(1000001) }}", .limit, 1, 9, "100000"),
    ]

    @Test(arguments: failures)
    func errorsNameThePlace(failure: (String, TemplateError.Kind, Int, Int, String)) throws {
        let (source, kind, line, column, words) = failure
        let error = try #require(throws: TemplateError.self) { try Self.render(source) }
        #expect(error.kind == kind)
        #expect(error.position == TemplatePosition(line: line, column: column), "\(error)")
        #expect(error.message.contains(words), "\(error)")
        #expect(error.description == "line \(line), column \(column): \(error.message)")
    }

    @Test func theRaisedMessageIsTheTemplatesOwn() throws {
        let error = #expect(throws: TemplateError.self) { try Self.render("{{ raise_exception('After user: ' ~ 1) }}") }
        #expect(error?.message == "After user: 1")
    }

    @Test func unusedBranchesMayUseWhatIsNotSupported() throws {
        #expect(try Self.render("{% if tools %}{{ tools | sum | nothing }}{% endif %}ok") == "ok")
    }

    @Test func variablesAreThoseOfTheCall() throws {
        let source = """
            {{ bos_token }}{{ eos_token }}{{ add_generation_prompt }}{{ tools }}{{ documents }}{{ messages | length }}\
            {{ messages[1] }}{{ pad_token is defined }}
            """
        #expect(
            try Self.render(source) == "<s></s>TrueNoneNone2{'role': 'assistant', 'content': 'Ho'}False"
        )
    }

    @Test func extraVariablesWin() throws {
        let source = "{{ messages[0].parts[0].text }}{{ enable_thinking }}{{ tools | length }}{{ eos_token }}"
        let part = TemplateValue.map(TemplateMap([("text", .string("part"))]))
        let message = TemplateValue.map(TemplateMap([("parts", .list(TemplateList([part])))]))
        let text = try Self.render(
            source,
            extra: [
                "messages": .list(TemplateList([message])),
                "enable_thinking": .boolean(false),
                "tools": .list(TemplateList([.null, .float(0.5)])),
                "eos_token": .undefined("no end token"),
            ]
        )
        #expect(text == "partFalse2")
    }

    @Test func aTemplateRendersManyTimes() throws {
        let template = try ChatTemplate(source: "{% set n = namespace(x=0) %}{% set n.x = n.x + 1 %}{{ n.x }}")
        for _ in 0..<3 {
            let text = try template.render(messages: [], addGenerationPrompt: false, bosToken: "", eosToken: "")
            #expect(text.text == "1")
        }
    }

    @Test func mapsKeepTheirFirstOrder() {
        let map = TemplateMap([("b", .integer(1)), ("a", .integer(2)), ("b", .integer(3))])
        #expect(map.entries.count == 2)
        #expect(map[.string("b")]?.index == 3)
        #expect(map.entries.first?.value.index == 3)
    }

    /// A long conversation stays far below the limit of steps.
    @Test func longConversationsRender() throws {
        let turns = (0..<4_000).map { ChatMessage(role: $0 % 2 == 0 ? "user" : "assistant", content: "turn \($0)\n") }
        let text = ChatMessage(role: "user", content: String(repeating: "word ", count: 400_000))
        let source = """
            {%- for message in messages %}
                {%- if message.role == 'user' and (loop.first or loop.previtem.role != 'user') -%}
                    {{- '<|' + message.role + '|>' + message.content | trim + '\\n' }}
                {%- elif message.content and not message.tool_calls is defined -%}
                    {{- '<|' ~ message['role'] ~ '|>' ~ message['content'].split('x')[-1].strip() ~ '\\n' }}
                {%- endif %}
            {%- endfor %}
            """
        let output = try ChatTemplate(source: source).render(
            messages: turns + [text],
            addGenerationPrompt: false,
            bosToken: "",
            eosToken: ""
        )
        #expect(output.text.utf8.count > 2_000_000)
    }
}
