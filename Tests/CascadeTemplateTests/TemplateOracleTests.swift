import Testing

@testable import CascadeTemplate

/// The renderer against Jinja2 in Hugging Face's environment; `Fixtures/templates/generate.py` wrote the expectations.
struct TemplateOracleTests {
    static let templates = [
        "branches", "calls", "filters", "json", "loops", "macros", "namespace", "refusal", "slices", "tests",
        "whitespace",
    ].map { $0 + ".jinja" }

    /// What Jinja2 has and the renderer refuses with an error that says so.
    static let unsupported: Set = [
        "{% filter nothing %}{% endfilter %}",
        "{% foo %}",
        "{% for i in [1] %}{% macro m() %}{{ i is defined }}{% endmacro %}{% endfor %}",
        "{{ '{:010,}'.format(1234) }}",
        "{{ '{:c}'.format(65) }}",
        "{{ '{:z.1f}'.format(-0.01) }}",
        "{{ 'a' is odd }}",
        "{{ 'abc'|default('x', wrong=1) }}",
        "{{ 'abc'|nothing }}",
        "{{ 1 ** 2 }}",
        "{{ 1 if 1 if 1 }}",
        "{{ 1 is not nothing }}",
        "{{ 1 is nothing }}",
        "{{ ['a']|map('nothing')|list }}",
        "{{ [1]|selectattr('a', 'nothing')|list }}",
        "{{ f(*x) }}",
        "{{ {[1]: 2} }}",
    ]

    @Test(arguments: templates)
    func templateEqualsJinja(name: String) throws {
        let source = try TemplateFixtures.source(name)
        let outcomes = try #require(try TemplateFixtures.load().templates[name])
        let conversations = try TemplateFixtures.conversations()
        #expect(Set(outcomes.keys) == Set(conversations.keys))
        for (label, conversation) in conversations.sorted(by: { $0.key < $1.key }) {
            let outcome = try #require(outcomes[label])
            do throws(TemplateError) {
                let output = try conversation.render(source)
                #expect(isSame(output, outcome.output), "\(name) with \(label): \(difference(output, outcome.output))")
            } catch {
                #expect(error.kind == .raised && error.message == outcome.raised, "\(name) with \(label): \(error)")
            }
        }
    }

    @Test func everyTemplateIsTested() throws {
        #expect(Set(try TemplateFixtures.load().templates.keys) == Set(Self.templates))
    }

    @Test func expressionsEqualJinja() throws {
        let conversation = try #require(try TemplateFixtures.conversations()["tools"])
        let expressions = try TemplateFixtures.load().expressions
        #expect(expressions.count > 600)
        for (source, outcome) in expressions.sorted(by: { $0.key < $1.key }) {
            do throws(TemplateError) {
                let output = try conversation.render(source)
                #expect(isSame(output, outcome.output), "\(source) gives \(output), not \(outcome)")
            } catch {
                let isExpected =
                    switch error.kind {
                    case .raised: error.message == outcome.raised
                    case .unsupported: Self.unsupported.contains(source)
                    case .syntax, .evaluation, .limit: outcome.error != nil
                    }
                #expect(isExpected, "\(source) fails with \(error), not \(outcome)")
            }
        }
    }

    /// Swift's `==` takes canonically equivalent texts for equal; the prompt's bytes must be the same.
    private func isSame(_ first: String, _ second: String?) -> Bool {
        Array(first.utf8) == second.map { Array($0.utf8) }
    }

    private func difference(_ output: String, _ expected: String?) -> String {
        guard let expected else { return "nothing was expected" }
        let common = zip(output.unicodeScalars, expected.unicodeScalars).prefix { $0 == $1 }.count
        let rest = String(String.UnicodeScalarView(output.unicodeScalars.dropFirst(common)))
        let wanted = String(String.UnicodeScalarView(expected.unicodeScalars.dropFirst(common)))
        return "at \(common): \(rest.debugDescription.prefix(200)) instead of \(wanted.debugDescription.prefix(200))"
    }
}
