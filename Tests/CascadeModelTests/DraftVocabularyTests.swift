import CascadeCore
import CascadeTestSupport
import Testing

@testable import CascadeModel
@testable import CascadeText

/// What a trimmed head keeps: the most frequent tokens, and always those that a draft must be able to say.
struct DraftVocabularyTests {
    private func tokenizer(_ name: String) throws -> (TokenizerDefinition, Tokenizer) {
        let definition = try GGUFFile(path: Fixtures.modelPath(name)).tokenizerDefinition()
        return (definition, try Tokenizer(definition))
    }

    @Test(arguments: ["tiny-llama.Q8_0", "tiny-qwen2.f16"], [1, 256, 300, 400, 511])
    func endsSpecialsAndBytesAreAlwaysKept(_ name: String, _ count: Int) throws {
        let (definition, tokenizer) = try tokenizer(name)
        let kept = try #require(DraftVocabulary.tokens(count, of: definition, tokenizer.vocabulary))
        #expect(kept == Set(kept).sorted())
        #expect(Set(kept).isSuperset(of: tokenizer.vocabulary.endTokens))
        for byte in UInt8.min...UInt8.max where !tokenizer.missingBytes.contains(byte) {
            #expect(kept.contains { tokenizer.bytes(of: $0).elementsEqual([byte]) }, "byte \(byte)")
        }
        var needed = 0
        for (id, kind) in definition.kinds.enumerated() {
            let token = Token(id)
            let isSpecial = kind != .normal && kind != .unused
            if isSpecial { #expect(kept.contains(token), "\(kind) \(id)") }
            let isByte = kind == .normal && tokenizer.bytes(of: token).count == 1
            if isSpecial || isByte || tokenizer.vocabulary.endTokens.contains(token) { needed += 1 }
        }
        #expect(kept.count == max(count, needed))
    }

    @Test func idsAscendWithoutAnOrder() throws {
        let (definition, tokenizer) = try tokenizer("tiny-llama.Q8_0")
        let kept = try #require(DraftVocabulary.tokens(400, of: definition, tokenizer.vocabulary))
        let others = kept.filter { definition.kinds[Int($0)] == .normal && tokenizer.bytes(of: $0).count > 1 }
        let last = try #require(others.last)
        let lower = (0..<last).filter { definition.kinds[Int($0)] == .normal && tokenizer.bytes(of: $0).count > 1 }
        #expect(others.dropLast() == lower[...])
        #expect(DraftVocabulary.tokens(512, of: definition, tokenizer.vocabulary) == nil)
    }

    @Test func orderComesFirst() throws {
        let (definition, tokenizer) = try tokenizer("tiny-llama.Q8_0")
        let least = try #require(DraftVocabulary.tokens(1, of: definition, tokenizer.vocabulary))
        let order = (0..<Token(512)).reversed().filter { !least.contains($0) }
        let kept = DraftVocabulary.tokens(least.count + 3, of: definition, tokenizer.vocabulary, order: order)
        #expect(kept == (least + order.prefix(3)).sorted())
    }

    @Test func paddingComesLast() throws {
        let (original, tokenizer) = try tokenizer("tiny-llama.Q8_0")
        let padding = try #require((0..<512).first { tokenizer.bytes(of: Token($0)).count > 1 })
        var definition = original
        definition.kinds[padding] = .unused
        let others = (0..<Token(512)).filter { definition.kinds[Int($0)] != .unused }
        let vocabulary = tokenizer.vocabulary
        #expect(DraftVocabulary.tokens(others.count, of: definition, vocabulary) == others)
        #expect(DraftVocabulary.tokens(others.count + 1, of: definition, vocabulary)?.contains(Token(padding)) == true)
    }

    @Test(arguments: ["3 1 2", "[3, 1,2]\n", "3\n1\r\n2\n", "\t[ 3,1 ,2 ]"])
    func orderIsReadFromTextAndJSON(_ text: String) throws {
        #expect(try DraftVocabulary.order(text, vocabularyCount: 4) == [3, 1, 2])
    }

    @Test(arguments: ["3 4", "3 -1", "3 x", "3 \"1\"", "3 1.5"])
    func wrongEntryIsNamed(_ text: String) {
        let word = String(text.split(separator: " ")[1])
        #expect(throws: TokenOrderError(word: word, position: 2, vocabularyCount: 4)) {
            _ = try DraftVocabulary.order(text, vocabularyCount: 4)
        }
    }
}
