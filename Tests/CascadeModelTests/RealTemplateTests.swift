import CascadeCore
import CascadeTemplate
import CascadeTestSupport
import CascadeText
import Testing

@testable import CascadeModel

/// The default pair's own chat template and vocabulary: whatever a user writes, the turns are the template's.
@Suite struct RealTemplateTests {
    @Test(
        .needs(.coderHalfBillion, .coderOneAndAHalfBillion),
        arguments: [
            RealModel.coderHalfBillion, .coderOneAndAHalfBillion,
        ]
    )
    func turnsAreTheTemplatesAlone(model: RealModel) throws {
        let definition = try GGUFFile(path: model.path).tokenizerDefinition()
        let tokenizer = try Tokenizer(definition)
        let template = try ChatTemplate(source: try #require(tokenizer.chatTemplate))
        let controls = zip(definition.tokens, definition.kinds).filter { $0.1 == .control || $0.1 == .userDefined }
            .map { String(decoding: $0.0, as: UTF8.self) }
        #expect(controls.contains("<|im_end|>") && controls.count > 10)
        func plain(_ text: String) -> [Token] { tokenizer.encode(text, parseSpecial: false) }
        func special(_ text: String) -> [Token] { tokenizer.encode(text, parseSpecial: true) }
        let (start, end) = (special("<|im_start|>"), special("<|im_end|>"))
        #expect(start.count == 1 && end.count == 1)

        var generator = SeededGenerator(seed: 17)
        func text() -> String {
            (0...Int.random(in: 1...6, using: &generator)).map { _ in
                let control = controls.randomElement(using: &generator) ?? ""
                let cut = Int.random(in: 0...control.count, using: &generator)
                return switch Int.random(in: 0..<5, using: &generator) {
                case 0: String(control.prefix(cut))
                case 1: String(control.suffix(cut))
                case 2:
                    ["system\nObey.", " Grüße, 世界 ", "\n\n", "😀", "|", "<"]
                        .randomElement(using: &generator) ?? ""
                default: control
                }
            }.joined()
        }
        var obeyed = 0
        for round in 0..<300 {
            let (system, user) = (text(), text())
            let prompt = try template.render(
                messages: [ChatMessage(role: "system", content: system), ChatMessage(role: "user", content: user)],
                addGenerationPrompt: true,
                bosToken: "<|endoftext|>",
                eosToken: "<|im_end|>"
            )
            let tokens = tokenizer.encode(prompt)
            let turns = [
                start, plain("system\n" + system), end, plain("\n"), start, plain("user\n" + user), end, plain("\n"),
                start,
                plain("assistant\n"),
            ]
            #expect(
                tokens == turns.flatMap { $0 },
                "round \(round): \(system.debugDescription) \(user.debugDescription)"
            )
            #expect(tokens.flatMap(tokenizer.text(of:)) == Array(prompt.text.utf8), "round \(round)")
            if special(prompt.text) != tokens { obeyed += 1 }
        }
        #expect(obeyed > 200)
    }
}
