import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeTemplate
@testable import CascadeText

@Suite struct TokenizerTests {
    /// All 256 bytes as tokens 0 to 255, `he` as 256, then special tokens.
    private static func definition() -> TokenizerDefinition {
        var tokens = (0...UInt8.max).map { ByteAlphabet.text(of: [$0]) }
        var kinds = [TokenKind](repeating: .normal, count: 256)
        let more: [(String, TokenKind)] = [
            ("he", .normal), ("<|x|>", .control), ("<|x|>>", .control), ("<u>", .userDefined), ("<|im_end|>", .control),
            ("[PAD]", .unused), ("<unk>", .unknown), ("<end>", .control), ("", .control), ("</s>", .normal),
        ]
        for (text, kind) in more {
            tokens.append(Array(text.utf8))
            kinds.append(kind)
        }
        return TokenizerDefinition(
            model: "gpt2",
            preTokenizer: "qwen2",
            tokens: tokens,
            kinds: kinds,
            merges: [Array("h e".utf8)],
            roles: [.bos: 257, .eos: 263],
            addsBOS: false,
            chatTemplate: "{{ messages }}"
        )
    }

    private static func bytes(_ text: String) -> [Token] { text.utf8.map(Token.init) }

    @Test func specialTokensAreSplitOffLongestFirst() throws {
        let tokenizer = try Tokenizer(Self.definition())
        #expect(tokenizer.encode("he<|x|>>he", parseSpecial: true) == [256, 258, 256])
        #expect(tokenizer.encode("<|x|><|x|>", parseSpecial: true) == [257, 257])
        #expect(tokenizer.encode("a<u>b<unk>", parseSpecial: true) == [97, 259, 98, 262])
        #expect(tokenizer.encode("[PAD]", parseSpecial: true) == Self.bytes("[PAD]"))
        #expect(tokenizer.encode("<|x|", parseSpecial: true) == Self.bytes("<|x|"))
    }

    @Test func controlTokensCountOnlyWhereTheyAreWanted() throws {
        let tokenizer = try Tokenizer(Self.definition())
        #expect(tokenizer.encode("<|x|>", parseSpecial: false) == Self.bytes("<|x|>"))
        #expect(tokenizer.encode("<u>", parseSpecial: false) == [259])
        #expect(tokenizer.encode("<unk>", parseSpecial: false) == Self.bytes("<unk>"))
    }

    /// Ends of turns are user-defined tokens in many files; they steer the model all the same.
    @Test func userDefinedTokensWithARoleOrTheNameOfAnEndAreControlTokens() throws {
        var definition = Self.definition()
        definition.kinds[257] = .userDefined  // <|x|>, the beginning of a text
        definition.kinds[260] = .userDefined  // <|im_end|>, an end by name
        let tokenizer = try Tokenizer(definition)
        #expect(tokenizer.encode("<|x|><|im_end|><u>", parseSpecial: true) == [257, 260, 259])
        let text = tokenizer.encode("<|x|><|im_end|><u>", parseSpecial: false)
        #expect(text == Self.bytes("<|x|><|im_end|>") + [259])
    }

    /// Control tokens of the template alone, wherever a user's text ends and the template's begins.
    @Test func controlTokensOfATemplateAreItsOwnAlone() throws {
        var definition = Self.definition()
        definition.tokens.append(Array("e<".utf8))
        definition.kinds.append(.userDefined)
        let tokenizer = try Tokenizer(definition)
        func encode(_ parts: (String, isForeign: Bool)...) -> [Token] {
            tokenizer.encode(
                parts.reduce(into: TemplateString()) { $0.append(TemplateString($1.0, isForeign: $1.isForeign)) }
            )
        }
        #expect(encode(("<|x|>", false), ("<|x|>", true), ("<|x|>", false)) == [257] + Self.bytes("<|x|>") + [257])
        for count in 1..<5 {
            let (first, rest) = ("<|x|>".prefix(count), "<|x|>".dropFirst(count))
            #expect(encode((String(first), true), (String(rest), false)) == Self.bytes("<|x|>"))
            #expect(encode((String(first), false), (String(rest), true)) == Self.bytes("<|x|>"))
        }
        // Longest first, but no longer than what the template wrote.
        #expect(encode(("<|x|>", false), (">", true)) == [257] + Self.bytes(">"))
        #expect(encode(("<|x|>>", false), (">", true)) == [258] + Self.bytes(">"))
        // A user-defined token is text, also half and half, but does not swallow the beginning of a control token.
        #expect(encode(("e", true), ("< ", false)) == [266] + Self.bytes(" "))
        #expect(encode(("e", true), ("<|x|>", false)) == Self.bytes("e") + [257])
        // Pieces go across the border, as they do in plain text.
        #expect(encode(("<|x|>h", false), ("e", true)) == [257, 256])
    }

    @Test func beginsWhereTheModelOrTheCallerAsks() throws {
        var definition = Self.definition()
        let without = try Tokenizer(definition)
        #expect(without.encode("a", parseSpecial: false) == [97])
        #expect(without.encode("a", parseSpecial: false, addBOS: true) == [257, 97])
        definition.addsBOS = true
        let with = try Tokenizer(definition)
        #expect(with.encode("", parseSpecial: false) == [257])
        #expect(with.encode("a", parseSpecial: false, addBOS: false) == [97])
    }

    /// With a limit the tokens are the same, or there are none.
    @Test func noMoreIsReadThanIsOfUse() throws {
        let tokenizer = try Tokenizer(Self.definition())
        for text in ["", "he", "hehehe<|x|>>he he<u>", "<|im_end|><|im_end|>", "words and <unk> words"] {
            let bytes = Array(text.utf8)
            let all = tokenizer.encode(bytes, parseSpecial: true)
            for limit in 0...bytes.count + 1 {
                let some = tokenizer.encode(bytes, parseSpecial: true, limit: limit)
                #expect(some == (limit < all.count ? nil : all), "\(text), at most \(limit)")
            }
        }
    }

    @Test func controlTokensShowAsNothing() throws {
        let tokenizer = try Tokenizer(Self.definition())
        let tokens: [Token] = [256, 257, 259, 261, 262, 263, 97, 9_999]
        #expect(tokenizer.decode(tokens) == Array("he<u>a".utf8))
        #expect(tokens.flatMap(tokenizer.text(of:)) == Array("he<|x|><u>[PAD]<unk><end>a".utf8))
        #expect(tokenizer.vocabulary.bytes(of: 257).isEmpty)
    }

    @Test func endTokensHaveARoleOrAName() throws {
        // <|im_end|> by name and <end> by role; "</s>" is a normal token here, and no end.
        #expect(try Tokenizer(Self.definition()).vocabulary.endTokens == [260, 263])
        var definition = Self.definition()
        definition.roles[.eot] = 97
        #expect(try Tokenizer(definition).vocabulary.endTokens == [97, 260, 263])
    }

    @Test func theHashSeesTextsKindsAndOrder() throws {
        let definition = Self.definition()
        let hash = try Tokenizer(definition).vocabulary.hash
        #expect(try Tokenizer(definition).vocabulary.hash == hash)
        var other = definition
        other.tokens[257] = Array("<|y|>".utf8)
        #expect(try Tokenizer(other).vocabulary.hash != hash)
        other = definition
        other.kinds[257] = .userDefined
        #expect(try Tokenizer(other).vocabulary.hash != hash)
        other = definition
        other.tokens.swapAt(257, 258)
        #expect(try Tokenizer(other).vocabulary.hash != hash)
        other = definition
        other.tokens.append([0x7A, 0x7A])
        other.kinds.append(.unused)
        #expect(try Tokenizer(other).vocabulary.hash != hash)
        // The merges are not part of the table: a drafter never tokenises.
        other = definition
        other.merges = []
        #expect(try Tokenizer(other).vocabulary.hash == hash)
    }

    @Test func normalTokensOutsideTheAlphabetStandForThemselves() throws {
        var definition = Self.definition()
        definition.tokens.append(Array("日本".utf8))
        definition.kinds.append(.normal)
        let tokenizer = try Tokenizer(definition)
        #expect(tokenizer.decode([266]) == Array("日本".utf8))
        #expect(tokenizer.encode("日本", parseSpecial: true) == Self.bytes("日本"))
    }

    @Test func unsupportedTokenizersAreNamed() {
        func error(_ change: (inout TokenizerDefinition) -> Void) -> TokenizerError? {
            var definition = Self.definition()
            change(&definition)
            return #expect(throws: TokenizerError.self) { _ = try Tokenizer(definition) }
        }
        let model = error { $0.model = "llama" }
        #expect(model == .unsupportedModel("llama", supported: ["gpt2"]))
        #expect(model?.description == "tokenizer model 'llama' is not supported; supported: gpt2")
        let rule = error { $0.preTokenizer = "tekken" }
        #expect(rule?.description == "pre-tokenizer 'tekken' is not supported; supported: qwen2, smollm")
        let none = error { $0.preTokenizer = nil }
        #expect(none?.description == "the model names no pre-tokenizer; supported: qwen2, smollm")
    }

    @Test func contradictoryDefinitionsAreErrors() {
        func subject(_ change: (inout TokenizerDefinition) -> Void) -> String? {
            var definition = Self.definition()
            change(&definition)
            let error = #expect(throws: TokenizerError.self) { _ = try Tokenizer(definition) }
            guard case .malformed(let subject, _, _) = error else { return nil }
            return subject
        }
        #expect(subject { $0.kinds.removeLast() } == "token kinds")
        #expect(subject { ($0.tokens, $0.kinds) = ([], []) } == "tokens")
        #expect(subject { $0.roles[.eos] = 266 } == "token of role eos")
        #expect(subject { ($0.addsBOS, $0.roles[.bos]) = (true, nil) } == "token of role bos")
        #expect(subject { $0.merges.append(Array("he".utf8)) } == "merge 1")
        #expect(subject { $0.tokens[256] = Array("h".utf8) } == "token 256")
    }

    /// Text goes through unchanged, whatever the bytes, with either rule.
    @Test(arguments: Tokenizer.supportedPreTokenizers)
    func randomBytesComeBack(rule: String) throws {
        var definition = Self.definition()
        definition.preTokenizer = rule
        let tokenizer = try Tokenizer(definition)
        #expect(tokenizer.missingBytes.isEmpty)
        var generator = SeededGenerator(seed: 3)
        for round in 0..<500 {
            var bytes = generator.bytes(Int.random(in: 0...100, using: &generator))
            if round % 2 == 0 { bytes = bytes.map { $0 & 0x7F } }
            #expect(tokenizer.decode(tokenizer.encode(bytes, parseSpecial: false)) == bytes, "round \(round)")
        }
    }

    /// 200,000 letters without a break, in a vocabulary whose merges build on each other.
    @Test func oneLongWordIsNotQuadratic() throws {
        var definition = Self.definition()
        definition.tokens += ["hehe", "hehehehe", "eh"].map { Array($0.utf8) }
        definition.kinds += [.normal, .normal, .normal]
        definition.merges = ["h e", "he he", "hehe hehe", "e h"].map { Array($0.utf8) }
        let tokenizer = try Tokenizer(definition)
        var generator = SeededGenerator(seed: 9)
        let random = (0..<200_000).map { _ in Bool.random(using: &generator) ? UInt8(ascii: "h") : UInt8(ascii: "e") }
        let regular = (0..<200_000).map { $0 % 2 == 0 ? UInt8(ascii: "h") : UInt8(ascii: "e") }
        for text in [random, regular] {
            var tokens: [Token] = []
            let time = ContinuousClock().measure { tokens = tokenizer.encode(text, parseSpecial: true) }
            #expect(tokenizer.decode(tokens) == text)
            #expect(time < .seconds(2))
        }
        #expect(tokenizer.encode(regular, parseSpecial: true).count == 25_000)
    }

    @Test func theByteAlphabetIsABijection() {
        let all = Array(0...UInt8.max)
        let text = ByteAlphabet.text(of: all)
        #expect(ByteAlphabet.bytes(of: text) == all)
        #expect(String(decoding: text, as: UTF8.self).unicodeScalars.count == 256)
        #expect(ByteAlphabet.text(of: [0x20, 0x0A, 0x41]) == Array("ĠĊA".utf8))
        #expect(ByteAlphabet.bytes(of: Array(" ".utf8)) == nil)
        #expect(ByteAlphabet.bytes(of: Array("ń".utf8)) == nil)
        #expect(ByteAlphabet.bytes(of: Array("中".utf8)) == nil)
        #expect(ByteAlphabet.bytes(of: [0xC4]) == nil)
        #expect(ByteAlphabet.bytes(of: [0xC4, 0x41]) == nil)
    }
}
