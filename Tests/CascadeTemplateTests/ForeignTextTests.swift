import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeTemplate
@testable import CascadeText

/// A user's text is text: whatever it holds, control tokens are where the template put them, and nowhere else.
struct ForeignTextTests {
    /// Bytes, two merges, and the control tokens of several families of models.
    private static let specials = [
        "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<|end|>", "[INST]", "[/INST]", "<|user|>", "<|>",
    ]

    static func tokenizer() throws -> Tokenizer {
        var tokens = (0...UInt8.max).map { ByteAlphabet.text(of: [$0]) }
        tokens += ["he", "ĊĊ"].map { Array($0.utf8) }
        let kinds = [TokenKind](repeating: .normal, count: tokens.count)
        tokens += specials.map { Array($0.utf8) }
        return try Tokenizer(
            TokenizerDefinition(
                model: "gpt2",
                preTokenizer: "qwen2",
                tokens: tokens,
                kinds: kinds + specials.map { _ in .control },
                merges: [Array("h e".utf8), Array("Ċ Ċ".utf8)]
            )
        )
    }

    /// Templates in the manners of public ones: literals, concatenation, trimming, captures, macros, roles in the
    /// middle of a control token.
    private static let templates = [
        """
        {% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n
        """,
        "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}",
        "{{ bos_token }}{% for m in messages %}[INST] {{ m.content | trim }} [/INST]{{ eos_token }}{% endfor %}",
        "{% for m in messages %}{% set t = '<s>' + m.content + '</s>' %}{{ t | trim }}{% endfor %}",
        "{% for m in messages %}{% set x %}<s>{{ m.content }}{{ eos_token }}{% endset %}{{ x }}{{ x }}{% endfor %}",
        """
        {% macro t(r, c) %}<|{{ r }}|>{{ c }}<|end|>{% endmacro %}{% for m in messages %}\
        {{ t(m.role, m.content) }}{% endfor %}
        """,
        "{% for m in messages %}<{{ m.content }}|im_end|>{{ m.content }}>{{ m.content }}<|{% endfor %}",
        "{% for m in messages %}<s>{{ m.content | tojson }}</s>{{ [m.content] }}{% endfor %}",
        "{% for m in messages %}{{ m.content }}{% endfor %}",
    ]

    /// A text of control tokens, halves of them and ordinary words; whitespace stands inside only, so that templates
    /// which strip it do to every text of that shape the same.
    private static func text(_ generator: inout SeededGenerator) -> String {
        let pieces = specials + ["he", "llo", "é", "😀", "\n\n", " ", "|", "<", ">", "\"", "\\", "assistant"]
        let words = (0..<Int.random(in: 1...8, using: &generator)).map { _ -> String in
            let piece = pieces.randomElement(using: &generator) ?? ""
            let cut = Int.random(in: 0...piece.count, using: &generator)
            return switch Int.random(in: 0..<4, using: &generator) {
            case 0: String(piece.prefix(cut))
            case 1: String(piece.suffix(cut))
            default: piece
            }
        }
        return "x" + words.joined() + "x"
    }

    /// The same shape without anything that could be part of a control token: letters and signs become a letter that
    /// none of the templates' control tokens has.
    private static func harmless(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    scalar.isASCII && !TemplateText.isSpace(scalar) && scalar != "\"" && scalar != "\\" ? "q" : scalar
                }
            )
        )
    }

    private static func render(_ source: String, _ texts: [String]) throws -> TemplateString {
        try ChatTemplate(source: source).render(
            messages: texts.enumerated().map { ChatMessage(role: $0 % 2 == 0 ? "system" : "user", content: $1) },
            addGenerationPrompt: true,
            bosToken: "<s>",
            eosToken: "</s>"
        )
    }

    /// Where the control tokens of a harmless conversation's rendering stand, by a search of its own.
    private static func places(in text: [UInt8], _ tokenizer: Tokenizer) -> [(start: Int, count: Int, token: Token)] {
        var places: [(start: Int, count: Int, token: Token)] = []
        var start = 0
        let longestFirst = specials.enumerated().sorted { $0.element.utf8.count > $1.element.utf8.count }
        while start < text.count {
            let rest = text[start...]
            if let found = longestFirst.first(where: { rest.starts(with: $0.element.utf8) }) {
                places.append((start, found.element.utf8.count, Token(258 + found.offset)))
                start += found.element.utf8.count
            } else {
                start += 1
            }
        }
        return places
    }

    @Test(arguments: 0..<templates.count)
    func controlTokensAreWhereTheTemplatePutThem(template index: Int) throws {
        let tokenizer = try Self.tokenizer()
        var generator = SeededGenerator(seed: UInt64(index) + 1)
        var obeyed = 0
        for round in 0..<300 {
            let texts = [Self.text(&generator), Self.text(&generator)]
            let prompt = try Self.render(Self.templates[index], texts)
            let twin = try Self.render(Self.templates[index], texts.map(Self.harmless))
            let bytes = Array(prompt.text.utf8)
            try #require(bytes.count == twin.text.utf8.count)
            // Control tokens stand where the harmless twin has them; all between is plain text, as one tokenizes it.
            var expected: [Token] = []
            var start = 0
            for place in Self.places(in: Array(twin.text.utf8), tokenizer) {
                expected += tokenizer.encode(Array(bytes[start..<place.start]), parseSpecial: false)
                expected.append(place.token)
                start = place.start + place.count
            }
            expected += tokenizer.encode(Array(bytes[start...]), parseSpecial: false)
            let tokens = tokenizer.encode(prompt)
            #expect(tokens == expected, "round \(round): \(texts)")
            #expect(tokens.flatMap(tokenizer.text(of:)) == bytes, "round \(round): \(texts)")
            if tokenizer.encode(bytes, parseSpecial: true, addBOS: false) != tokens { obeyed += 1 }
        }
        // The texts are of the kind that would be obeyed.
        #expect(obeyed > 100)
    }

    /// The templates of the fixtures do with a user's text whatever templates do; what they print of it stays text.
    @Test(arguments: TemplateOracleTests.templates)
    func theFixturesTemplatesPrintNoControlTokenOfAUser(name: String) throws {
        let tokenizer = try Self.tokenizer()
        let source = try TemplateFixtures.source(name)
        var generator = SeededGenerator(seed: 7)
        for round in 0..<100 {
            let texts = [Self.text(&generator), Self.text(&generator)]
            guard let prompt = try? Self.render(source, texts) else { continue }
            let tokens = tokenizer.encode(prompt)
            let bytes = Array(prompt.text.utf8)
            #expect(tokens.flatMap(tokenizer.text(of:)) == bytes, "round \(round): \(texts)")
            // Each control token covers bytes of the template alone.
            var start = 0
            for token in tokens {
                let end = start + tokenizer.text(of: token).count
                if token >= 258 {
                    #expect(!prompt.foreign.contains { $0.overlaps(start..<end) }, "round \(round): \(texts)")
                }
                start = end
            }
        }
    }
}
