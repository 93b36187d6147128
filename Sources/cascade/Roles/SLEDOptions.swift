internal import ArgumentParser
internal import CascadeModel

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
