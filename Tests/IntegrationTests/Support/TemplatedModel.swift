import CascadeTestSupport
import Foundation

/// The tiny Qwen with a chat template, which it has none of.
enum TemplatedModel {
    /// Templates as models of that family have them.
    static let chatML = """
        {% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}\
        {% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}
        """

    /// Writes the file and returns its path; the caller removes it.
    static func make(_ template: String) throws -> String {
        var bytes = try Data(contentsOf: URL(filePath: Fixtures.modelPath("tiny-qwen2.f16")))
        func text(_ text: String) -> Data {
            withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { Data($0) } + Data(text.utf8)
        }
        let key = text("tokenizer.chat_template") + Data([8, 0, 0, 0])
        // Tensors stay where their alignment wants them: a comment fills up what is added.
        let bare = key.count + text("{##}" + template).count
        let filled = "{#" + String(repeating: " ", count: (32 - bare % 32) % 32) + "#}" + template
        bytes.insert(contentsOf: key + text(filled), at: 24)
        // The count of keys, behind magic, version and count of tensors.
        bytes[16] += 1
        let file = FileManager.default.temporaryDirectory.appending(path: "templated-\(UUID().uuidString).gguf")
        try bytes.write(to: file)
        return file.path
    }
}
