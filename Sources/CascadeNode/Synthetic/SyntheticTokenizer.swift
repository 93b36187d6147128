internal import CascadeCore
internal import CascadeModel
internal import CascadeText

/// The vocabulary of synthetic nodes: a token for each byte, and one that ends a text, which they never write.
enum SyntheticTokenizer {
    /// A tokenizer block as an expert ships it. A control token names the acceptance: nodes that differ in it have
    /// different tokens, and a pool refuses the second one.
    static func block(acceptance: Double) -> [UInt8] {
        let tokens =
            (0...255).map { ByteAlphabet.text(of: [UInt8($0)]) }
            + [Array("<|endoftext|>".utf8), Array("<|acceptance \(acceptance)|>".utf8)]
        let kinds = [TokenKind](repeating: .normal, count: 256) + [.control, .control]
        var writer = GGUFWriter()
        writer.add("general.architecture", .string("synthetic"))
        writer.add("tokenizer.ggml.model", .string("gpt2"))
        writer.add("tokenizer.ggml.pre", .string("qwen2"))
        writer.add("tokenizer.ggml.tokens", .strings(tokens))
        writer.add("tokenizer.ggml.token_type", .array(.int32, kinds.map { .int32(Int32($0.rawValue)) }))
        writer.add("tokenizer.ggml.eos_token_id", .uint32(256))
        return writer.bytes()
    }

    /// The vocabulary that this block describes.
    static func vocabulary(acceptance: Double) throws -> Vocabulary {
        let file = try GGUFFile(bytes: block(acceptance: acceptance), name: "synthetic tokenizer")
        return try Tokenizer(try file.tokenizerDefinition()).vocabulary
    }
}
