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

/// Whether layers before the last have a say; `expert`, `up` and the verbs of one model have these.
struct SLEDOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Layers whose early exits move the logits of the 64 likeliest tokens, e.g. 7,14,21 (default: none).",
            discussion: """
                SLED, self logits evolution decoding, changes the answers of every rule and is meant to make them more \
                truthful. Each layer costs at most 1,024 rows of the output head for each token whose logits are \
                needed: with three layers, passes of up to 8 tokens of the 1.5B take 3 to 4 % longer. All experts of a \
                pool need the same layers.
                """,
            valueName: "layers"
        ),
        transform: { try SLEDOptions.layers($0) }
    )
    var sledLayers: [Int]?

    @Option(
        help: ArgumentHelp(
            "How far the logits move, per unit of probability; 0 to 100 (default: \(SLEDSettings.defaultRate)).",
            discussion: "At a rate of 2 the 1.5B's likeliest token changed in one place of 30, at 4 in two of 5.",
            valueName: "rate"
        ),
        transform: DecimalNumber.parse
    )
    var sledRate: Double?

    func validate() throws {
        if sledRate != nil, sledLayers == nil { throw ValidationError("--sled-rate needs --sled-layers") }
        if let problem = settings?.problem { throw ValidationError(problem) }
    }

    /// The settings; nil where SLED is off.
    var settings: SLEDSettings? {
        sledLayers.map { SLEDSettings(layers: $0, rate: sledRate ?? SLEDSettings.defaultRate) }
    }

    /// The same, as arguments of another process.
    var arguments: [String] {
        guard let settings else { return [] }
        let layers = settings.layers.map(String.init).joined(separator: ",")
        return ["--sled-layers", layers, "--sled-rate", "\(settings.rate)"]
    }

    /// Throws when a model lacks one of the layers.
    func check(_ model: ServableModel) throws(CommandFailure) {
        guard let problem = settings?.problem(modelLayers: model.configuration.layers) else { return }
        throw .failed("\(model.file.path): \(ModelError.invalidRequest(problem))")
    }

    private static func layers(_ text: String) throws -> [Int] {
        guard let list = NumberList(argument: text), list.numbers.allSatisfy({ $0 >= 0 }) else {
            throw ValidationError("layers are whole numbers separated by commas, such as 7,14,21, not '\(text)'")
        }
        return list.numbers
    }
}

/// Whether a node makes its answers up; `expert` and `drafter` have these.
struct SyntheticOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Make answers up instead of computing them, so that this share of drafted tokens is accepted: 0 to 1.",
            discussion: """
                The service around the node can then be measured without models: see 'cascade bench serve'. All nodes \
                of a pool must have the same share; a pool has either synthetic nodes or models. Leave --model out.
                """,
            valueName: "share"
        ),
        transform: DecimalNumber.parse
    )
    var syntheticAcceptance: Double?

    @Option(
        help: ArgumentHelp(
            "Time of a synthetic node's pass: milliseconds by tokens, e.g. 1:20,8:24,16:44 (default: no time).",
            valueName: "tokens:ms,…"
        )
    )
    var syntheticMs: CostPointList?

    func validate() throws {
        if syntheticMs != nil, syntheticAcceptance == nil {
            throw ValidationError("--synthetic-ms needs --synthetic-acceptance")
        }
        if let problem = settings?.problem { throw ValidationError("synthetic node: \(problem)") }
    }

    /// The settings; nil for a model.
    var settings: SyntheticSettings? {
        syntheticAcceptance.map { SyntheticSettings(acceptance: $0, costs: syntheticMs?.points ?? []) }
    }
}
