import Testing

@testable import CascadeTemplate

/// Texts keep the origin of each character, whatever a template does with them.
struct TemplateStringTests {
    /// What a template makes of a message whose content is `Xé<😀`; characters of the user are shown in brackets.
    private func origins(_ source: String, content: String = "Xé<😀") throws -> String {
        let output = try ChatTemplate(source: source).render(
            messages: [ChatMessage(role: "user", content: content)],
            addGenerationPrompt: true,
            bosToken: "<s>",
            eosToken: "</s>",
            extra: ["tools": .list(TemplateList([.map(TemplateMap([("name", .string("f|g"))]))]))]
        )
        var shown = ""
        var isInside = false
        for scalar in output.scalars {
            if scalar.isForeign != isInside { shown += isInside ? "]" : "[" }
            isInside = scalar.isForeign
            shown.unicodeScalars.append(scalar.value)
        }
        #expect(output.foreign.allSatisfy { !$0.isEmpty })
        #expect(zip(output.foreign, output.foreign.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
        return shown + (isInside ? "]" : "")
    }

    @Test(
        arguments: [
            ("{{ c }}", "[Xé<😀]"),
            ("a{{ c }}b{{ c }}{{ c }}", "a[Xé<😀]b[Xé<😀Xé<😀]"),
            ("{{ bos_token + c + eos_token }}", "<s>[Xé<😀]</s>"),
            ("{{ messages[0].role ~ c }}", "user[Xé<😀]"),
            ("{{ c[0] }}{{ c[-1] }}{{ c[1:3] }}{{ c[::-1] }}", "[X😀é<😀<éX]"),
            ("{{ (' ' + c + ' b ') | trim }}", "[Xé<😀] b"),
            ("{{ (' ' + c).strip() }}|{{ ('Xa' + c).strip('X😀') }}", "[Xé<😀]|a[Xé<]"),
            ("{{ ('a,' + c + ',b').split(',') | join('/') }}", "a/[Xé<😀]/b"),
            ("{{ c.split('<') | join('<') }}", "[Xé]<[😀]"),
            ("{{ ('a ' + c + ' b').split() | last }}", "b"),
            ("{{ ('a\\n' + c).splitlines()[1] }}", "[Xé<😀]"),
            ("{{ c | replace('<', '<|') }}", "[Xé]<|[😀]"),
            ("{{ 'a<b' | replace('<', c) }}", "a[Xé<😀]b"),
            ("{{ ('a' + c) | upper }}{{ ('A' + c) | lower }}", "A[XÉ<😀]a[xé<😀]"),
            (
                "{{ ('a ' + c) | title }}{{ ('a' + c) | capitalize }}{{ ('a ' + c).title() }}",
                "A [Xé<😀]A[xé<😀]A [Xé<😀]"
            ),
            ("{{ ('a' + c) | reverse }}", "[😀<éX]a"),
            ("{% for x in 'a' + c %}{{ x }}.{% endfor %}", "a.[X].[é].[<].[😀]."),
            ("{{ c | tojson }}", "\"[Xé<😀]\""),
            ("{{ c | tojson(ensure_ascii=true) }}", "\"[X\\u00e9<\\ud83d\\ude00]\""),
            ("{{ [c, 'a'] }}", "['[Xé<😀]', 'a']"),
            ("{{ {'k': c} | tojson }}", "{\"k\": \"[Xé<😀]\"}"),
            ("{{ tools | tojson }}", "[{\"[name]\": \"[f|g]\"}]"),
            ("{{ ('a' + c) * 2 }}", "a[Xé<😀]a[Xé<😀]"),
            ("{{ ('a\\n' + c) | indent(2) }}", "a\n  [Xé<😀]"),
            ("{% set x %}a{{ c }}b{% endset %}{{ x }}", "a[Xé<😀]b"),
            ("{% macro m(y) %}<{{ y }}>{% endmacro %}{{ m(c) }}", "<[Xé<😀]>"),
            ("{% filter trim %} {{ c }}! {% endfilter %}", "[Xé<😀]!"),
            ("{% set n = namespace(s='') %}{% set n.s = n.s + c %}{{ n.s }}", "[Xé<😀]"),
            ("{{ '<%s|%-6s>' % (c, c) }}{{ '%.2s' % c }}", "<[Xé<😀]|[Xé<😀]  >[Xé]"),
            ("{{ '%r %a' % (c, c) }}", "'[Xé<😀]' '[X\\xe9<\\U0001f600]'"),
            ("{{ (c + '%s') % 'a' }}{{ '%(k)s' % {'k': c} }}", "[Xé<😀]a[Xé<😀]"),
            ("{{ '<{}|{:>6}>'.format(c, c) }}{{ (c + '{}').format('a') }}", "<[Xé<😀]|  [Xé<😀]>[Xé<😀]a"),
            ("{{ '{:{}<3}'.format('a', c[0]) }}{{ '{0[k]!r}'.format({'k': c}) }}", "a[XX]'[Xé<😀]'"),
            ("{{ c.rsplit('<', 1) | join('<') }}", "[Xé]<[😀]"),
            (
                "{% for x in [c] recursive %}<{{ x }}{{ loop(['a']) if loop.first and x == c }}{% endfor %}",
                "<[Xé<😀]<a"
            ),
            ("{{ c if '<' in c and c.startswith('X') else 'no' }}", "[Xé<😀]"),
            ("{{ c is string and c == 'Xé<😀' }}", "True"),
        ]
    )
    func charactersKeepTheirOrigin(_ expression: String, _ expected: String) throws {
        #expect(try origins("{% set c = messages[0].content %}" + expression) == expected)
    }

    @Test func emptyTextsHaveNoOrigin() throws {
        #expect(try origins("a{{ messages[0].content }}b{{ messages[0].content | trim }}", content: "") == "ab")
        #expect(TemplateString("", isForeign: true).foreign.isEmpty)
    }
}
