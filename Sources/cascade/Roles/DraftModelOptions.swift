internal import ArgumentParser
internal import CascadeModel
internal import CascadeNode

/// How the drafter slims its model; `drafter` and `up` have these.
struct DraftModelOptions: ParsableArguments {
    @Option(help: "Tokens that the drafter's output head keeps, the most frequent ones; 0 keeps all.")
    var draftVocabulary = 0

    @Option(
        help: ArgumentHelp(
            "A file of token ids, the most frequent first (default: the tokenizer's own order).",
            discussion: "Ids are separated by spaces, line feeds or commas; a JSON array will do.",
            valueName: "file"
        )
    )
    var draftVocabularyFile: String?

    @Option(help: "Re-quantise the drafter's weights at load: q4_0 (4.5 bits a weight).")
    var draftQuantization: LoadOptions.Quantization?

    func validate() throws {
        guard (0...(1 << 24)).contains(draftVocabulary) else {
            throw ValidationError("--draft-vocabulary must be 0 to \(1 << 24)")
        }
        if draftVocabularyFile != nil, draftVocabulary == 0 {
            throw ValidationError("--draft-vocabulary-file needs --draft-vocabulary, the number of tokens to keep")
        }
    }

    var settings: DraftModelSettings {
        DraftModelSettings(
            vocabulary: draftVocabulary,
            vocabularyFile: draftVocabularyFile,
            quantization: draftQuantization
        )
    }

    /// The same as arguments of another process. 0 is said too: that process may have a variable that says otherwise.
    var arguments: [String] {
        var arguments = ["--draft-vocabulary", "\(draftVocabulary)"]
        if let draftVocabularyFile { arguments += ["--draft-vocabulary-file", draftVocabularyFile] }
        if let draftQuantization { arguments += ["--draft-quantization", draftQuantization.rawValue] }
        return arguments
    }
}

extension LoadOptions.Quantization: ExpressibleByArgument {}
