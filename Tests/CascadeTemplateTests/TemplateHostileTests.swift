import CascadeCore
import Foundation
import Synchronization
import Testing

@testable import CascadeTemplate

/// Templates that mean harm end in an error: no trap, no hang, no stack overflow.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct TemplateHostileTests {
    static func nested(_ open: String, _ inner: String, _ close: String, _ count: Int = 20_000) -> String {
        String(repeating: open, count: count) + inner + String(repeating: close, count: count)
    }

    /// Sources that are too large, too deep or too long to run, by name.
    static let limited: [String: String] = [
        "brackets": "{{ " + nested("(", "1", ")") + " }}",
        "lists": "{{ " + nested("[", "1", "]") + " }}",
        "maps": "{{ " + nested("{1:", "1", "}") + " }}",
        "subscripts": "{{ " + nested("x[", "1", "]") + " }}",
        "calls": "{{ " + nested("f(", "1", ")") + " }}",
        "not": "{{ " + nested("not ", "1", "") + " }}",
        "minus": "{{ " + nested("-", "1", "") + " }}",
        "conditionals": "{{ " + nested("1 if 0 else ", "1", "") + " }}",
        "filter arguments": "{{ " + nested("1|d(", "1", ")") + " }}",
        "test arguments": "{{ " + nested("1 is eq [", "1", "]") + " }}",
        "targets": "{% set " + nested("(", "a", ")") + " = 1 %}",
        "ifs": nested("{% if 1 %}", "x", "{% endif %}", 10_000),
        "fors": nested("{% for a in b %}", "x", "{% endfor %}", 7_000),
        "sets": nested("{% set x %}", "x", "{% endset %}", 9_000),
        "filters": nested("{% filter d %}", "x", "{% endfilter %}", 7_000),
        "source": String(repeating: "x", count: TemplateLimits.sourceBytes + 1),
        "range": "{{ range(1000000000) | length }}",
        "backward range": "{{ range(0, -9223372036854775807, -1) }}",
        "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "ranges": "{% for a in range(99999) %}{% set b = range(99999) %}{% endfor %}",
        "repeated text": "{{ 'a' * 1000000000 }}",
        "repeated text beyond 64 bits": "{{ 'abc' * 9223372036854775807 }}",
        "repeated list": "{{ [1] * 1000000000 }}",
        "repeated list beyond 64 bits": "{{ [1, 2] * 9223372036854775807 }}",
        "doubled text": """
        {% set n = namespace(s='aaaaaaaa') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}
        """,
        "doubled list": """
        {% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = n.l + n.l %}{% endfor %}
        """,
        "doubled tree printed": """
        {% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}
        """,
        "doubled tree as JSON": """
        {% set n = namespace(l=[]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l|tojson }}
        """,
        "doubled trees compared": """
        {% set n = namespace(a=[1], b=[1]) %}
        {% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}{{ n.a == n.b }}
        """,
        "doubled trees sorted": """
        {% set n = namespace(a=[1], b=[1]) %}
        {% for i in range(60) %}{% set n.a = [n.a, n.a] %}{% set n.b = [n.b, n.b] %}{% endfor %}{{ [n.a, n.b]|sort }}
        """,
        "deep list": "{% set n = namespace(l=[]) %}{% for i in range(99999) %}{% set n.l = [n.l] %}{% endfor %}",
        "deep map": "{% set n = namespace(l={}) %}{% for i in range(99999) %}{% set n.l = {1: n.l} %}{% endfor %}",
        "deep loop": """
        {% set n = namespace(l=[]) %}{% for i in range(999) %}{% for x in [n.l, 1] %}{% set n.l = loop %}{% endfor %}\
        {% endfor %}
        """,
        "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "recursion of callers": """
        {% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}
        """,
        "recursion of loops": "{% for x in [1] recursive %}{{ loop([x]) }}{% endfor %}",
        "recursion of loops in depth": "{% for x in [1] recursive %}"
            + nested("{% if 1 %}", "{{ [[[[loop([1])]]]] }}", "{% endif %}", 50) + "{% endfor %}",
        "recursion of loops in callers": """
        {% macro m() %}{{ caller() }}{% endmacro %}{% for x in [1] recursive %}{% call m() %}{{ loop([1]) }}\
        {% endcall %}{% endfor %}
        """,
        "wide by '%'": "{{ '%999999999d' % 1 }}",
        "wide by format": "{{ '{:é>999999999}'.format(1) }}",
        "wider than an integer": "{{ '%99999999999999999999d' % 1 }}",
        "precise by '%'": "{{ '%.999999999f' % 1 }}",
        "precise by format": "{{ '{:.999999999g}'.format(1) }}",
        "precise integer": "{{ '%.999999999d' % 1 }}",
        "many digits": "{% for i in range(99999) %}{% set x = '%.700e' % 5e-324 %}{% endfor %}",
        "many keys": "{{ ('%(a)s' * 3000000) % {'a': 1} }}",
        "many fields": "{{ ('{0}' * 5000000).format(1) }}",
        "filled batch": "{{ [1] | batch(999999999, 0) }}",
        "many words from the end": "{{ ('a ' * 4000000).rsplit() | length }}",
        "recursion in arguments": "{% macro m(a) %}{{ " + nested("m(", "a", ")", 50) + " }}{% endmacro %}{{ m(1) }}",
        "recursion in a default": "{% macro m(a=m()) %}{% endmacro %}{{ m() }}",
        "recursion of two": "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        "recursion in depth": "{% macro m() %}" + nested("{% if 1 %}", "{{ [[[[m()]]]] }}", "{% endif %}", 50)
            + "{% endmacro %}{{ m() }}",
        "recursive map": "{{ 'a' | map(" + nested("'map', ", "'upper'", "", 20_000) + ") }}",
        "joined": "{{ range(99999) | join('a' * 1000000) }}",
        "joined by method": "{{ ('a' * 1000000).join('b' * 99999) }}",
        "replaced": "{{ ('a' * 1000000) | replace('', 'b' * 1000000) }}",
        "indented": "{{ ('a\\n' * 100000) | indent(1000000) }}",
        "indented far": "{{ 'a' | indent(9223372036854775807) }}",
        "JSON indented far": "{{ [1] | tojson(indent=9223372036854775807) }}",
        "many parts": "{{ (',' * 9000000).split(',') | length }}",
        "many words": "{{ ('a ' * 4000000).split() | length }}",
        "many lines": "{{ ('\\n' * 9000000) | indent }}",
        "many texts": """
        {% set n = namespace(l=[]) %}{% set s = 'a' * 10000000 %}
        {% for i in range(99999) %}{% set n.l = n.l + [s ~ i] %}{% endfor %}
        """,
        "searched": """
        {% set s = 'a' * 8000000 %}{% set t = ('a' * 4000000) ~ 'b' %}
        {% for i in range(99999) %}{% if t in s %}{% endif %}{% endfor %}
        """,
        "many dates": "{{ strftime_now('%c' * 8000000) | length }}",
        "long dates": """
        {% set f = '%c' ~ ' ' * 16000000 %}{% for i in range(99999) %}{{ strftime_now(f)[0] }}{% endfor %}
        """,
        "unique": "{{ range(99999) | unique }}",
        "sorted": "{% for i in range(99) %}{% set l = range(99999) | sort(reverse=true) %}{% endfor %}",
        "keys": "{{ {" + (0..<20_000).map { "\($0):1" }.joined(separator: ",") + "} }}",
        "output": "{% for i in range(99999) %}" + String(repeating: "x", count: 1000) + "{% endfor %}",
        "captured": "{% set x %}{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}{% endset %}",
        "integers": "{{ 9223372036854775807 + 1 }}",
        "smallest integer negated": "{{ -(-9223372036854775807 - 1) }}",
        "smallest integer divided": "{{ (-9223372036854775807 - 1) // -1 }}",
        "smallest integer without sign": "{{ (-9223372036854775807 - 1) | abs }}",
        "large product": "{{ 9223372036854775807 * 9223372036854775807 }}",
        "large text as integer": "{{ '99999999999999999999' | int }}",
        "large float as integer": "{{ 1e300 | int }}",
    ]

    @Test(arguments: limited.keys.sorted())
    func endsAtALimit(name: String) throws {
        let source = try #require(Self.limited[name])
        let start = ContinuousClock.now
        let outcome = Self.render(source)
        let seconds = start.duration(to: .now)
        #expect(throws: TemplateError.self) { try outcome.get() }
        if case .failure(let error) = outcome {
            #expect(error.kind == .limit, "\(error)")
        }
        #expect(seconds < .seconds(10), "took \(seconds)")
    }

    /// Sources that look bad and are well within the bounds.
    static let harmless: [String: (source: String, output: String)] = [
        "sum": ("{{ " + String(repeating: "1 + ", count: 20_000) + "1 }}", "20001"),
        "filters": ("{{ 'x'" + String(repeating: " | upper", count: 20_000) + " }}", "X"),
        "and": ("{{ 1" + String(repeating: " and 1", count: 20_000) + " }}", "1"),
        "comparisons": ("{{ 1" + String(repeating: " < 2 > 1", count: 10_000) + " }}", "True"),
        "concatenation": ("{{ ''" + String(repeating: " ~ ''", count: 20_000) + " }}", ""),
        "elif": ("{% if 0 %}" + String(repeating: "{% elif 0 %}", count: 20_000) + "{% endif %}", ""),
        "cycle": ("{% set n = namespace() %}{% set n.n = n %}{% set n.x = 1 %}{{ n.n.n.n.x }}", "1"),
        "smallest remainder": ("{{ (-9223372036854775807 - 1) % -1 }}", "0"),
        "far slices": ("{{ 'abc'[9223372036854775807:] }}{{ 'abc'[-9223372036854775807 - 1:] }}", "abc"),
        "far steps": ("{{ 'abc'[::9223372036854775807] }}{{ 'abc'[::-9223372036854775807 - 1] }}", "ac"),
        "far elements": ("{{ [1, 2][9223372036854775807] }}{{ [1, 2][-9223372036854775807 - 1] }}", ""),
        "last range": ("{{ range(9223372036854775800, 9223372036854775807, 5) | length }}", "2"),
        "large counts": ("{{ 'a,b'.split(',', 9223372036854775807) | length }}{{ 'aa'.replace('a', 'b', -1) }}", "2bb"),
        "nothing repeated": ("{{ '' * 9223372036854775807 }}{{ [] * 9223372036854775807 }}{{ 'a' * -9 }}", "[]"),
        "one of many words": ("{{ ('a ' * 400000).rsplit(none, 1) | last }}", "a"),
        "smallest integer written": ("{{ '%d' % (-9223372036854775807 - 1) }}", "-9223372036854775808"),
        "smallest integer rounded": ("{{ (-9223372036854775807 - 1) | round(-30) }}", "0"),
        "far precisions": ("{{ 0.5|round(9223372036854775807) }}{{ 0.5|round(-9223372036854775807 - 1) }}", "0.50.0"),
        "infinity": ("{{ 1e308 * 10 }}{{ -1e308 * 10 }}{{ 1e308 * 10 - 1e308 * 10 }}", "inf-infnan"),
        "sorted NaN": ("{{ [1e308 * 10 - 1e308 * 10, 1, 0] | sort | length }}", "3"),
    ]

    @Test(arguments: harmless.keys.sorted())
    func endsWithAnOutput(name: String) throws {
        let (source, output) = try #require(Self.harmless[name])
        #expect(try Self.render(source).get() == output)
    }

    @Test func valuesFromOutsideAreBounded() throws {
        var value = TemplateValue.list(TemplateList([]))
        for _ in 0..<TemplateLimits.valueDepth {
            value = .list(TemplateList([value]))
        }
        let deep = value
        let error = #expect(throws: TemplateError.self) {
            try ChatTemplate(source: "x").render(
                messages: [],
                addGenerationPrompt: false,
                bosToken: "",
                eosToken: "",
                extra: ["deep": deep]
            )
        }
        #expect(error?.kind == .limit)
    }

    /// Whatever happens to a template's text, reading and rendering end. The seed is fixed; a failure would be a trap.
    @Test func mutationsEnd() throws {
        let conversations = try TemplateFixtures.conversations()
        let conversation = try #require(conversations["tools"])
        let sources = try TemplateOracleTests.templates.map { try TemplateFixtures.source($0) }
        let pieces = [
            "{{", "}}", "{%", "%}", "-", "(", ")", "[", "]", "{", "}", "'", "|", " if ", " in ", ".", "*", "\\",
        ]
        var random = SplitMix64(seed: 0x5EED)
        func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
        var rendered = 0
        for round in 0..<4_000 {
            var scalars = Array(sources[round % sources.count].unicodeScalars)
            for _ in 0...below(3) {
                let at = below(scalars.count)
                switch below(4) {
                case 0: scalars.remove(at: at)
                case 1: scalars.insert(contentsOf: pieces[below(pieces.count)].unicodeScalars, at: at)
                case 2: scalars.swapAt(at, below(scalars.count))
                default: scalars.removeSubrange(at..<min(at + below(20), scalars.count))
                }
            }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars)
            if (try? conversation.render(String(text))) != nil {
                rendered += 1
            }
        }
        // Both ends are met.
        #expect((100..<3_900).contains(rendered), "\(rendered) of 4000 rendered")
    }

    /// Smaller than the 512 KiB that are the least a thread has in practice; debug builds use far more.
    #if DEBUG
        private static let stackBytes = 4 << 20
    #else
        private static let stackBytes = 384 << 10
    #endif

    /// Reads and renders on a small stack.
    static func render(_ source: String) -> Result<String, TemplateError> {
        let answer = Answer()
        let thread = Thread {
            do throws(TemplateError) {
                let template = try ChatTemplate(source: source)
                let text = try template.render(
                    messages: [],
                    addGenerationPrompt: false,
                    bosToken: "",
                    eosToken: "",
                    localSeconds: 0
                )
                answer.give(.success(text.text))
            } catch {
                answer.give(.failure(error))
            }
        }
        thread.stackSize = stackBytes
        thread.start()
        return answer.wait()
    }

    /// What a thread hands over once.
    private final class Answer: Sendable {
        private let value = Mutex<Result<String, TemplateError>>(.success("no answer"))
        private let isGiven = DispatchSemaphore(value: 0)

        func give(_ value: Result<String, TemplateError>) {
            self.value.withLock { $0 = value }
            isGiven.signal()
        }

        func wait() -> Result<String, TemplateError> {
            isGiven.wait()
            return value.withLock { $0 }
        }
    }
}
