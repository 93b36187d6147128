/// Which layers of a model have a say beside the last one in what comes next, and how much; see ``LogitsEvolution``.
package struct SLEDSettings: Equatable, Sendable, CustomStringConvertible {
    /// How far logits move where nothing is said.
    package static let defaultRate = 2.0
    /// Most layers: an engine keeps a stream for each of them, and their list is part of a node's identity.
    package static let maximumLayers = 16

    /// The layers behind which the model is left early, ascending; 1 is the first.
    package let layers: [Int]
    /// Logits that a token moves for each unit of probability that it is off: the paper's evolution rate.
    package let rate: Double

    /// Creates settings; layers may come in any order.
    package init(layers: [Int], rate: Double = SLEDSettings.defaultRate) {
        self.layers = layers.sorted()
        self.rate = rate
    }

    /// What is wrong with the settings whatever the model, in words for the user; nil when they are sound.
    package var problem: String? {
        guard 1...SLEDSettings.maximumLayers ~= layers.count else {
            return "SLED takes 1 to \(SLEDSettings.maximumLayers) layers, not \(layers.count)"
        }
        if let (twice, _) = zip(layers, layers.dropFirst()).first(where: ==) {
            return "SLED layer \(twice) is named twice"
        }
        guard 0...100 ~= rate else { return "the SLED rate must be 0 to 100, not \(rate)" }
        return nil
    }

    /// The same for a model of that many layers.
    package func problem(modelLayers: Int) -> String? {
        if let problem { return problem }
        guard let wrong = layers.first(where: { !(1..<modelLayers).contains($0) }) else { return nil }
        guard modelLayers > 1 else { return "SLED needs a layer before the last one, and the model has a single layer" }
        return "SLED layer \(wrong) is outside 1 to \(modelLayers - 1): the model has \(modelLayers) layers, "
            + "and the last one is what the others are compared with"
    }

    /// The settings in a few characters, the same for the same settings only.
    package var description: String { "sled-" + layers.map(String.init).joined(separator: ",") + "*\(rate)" }
}

extension Model {
    /// Names what decides the bits of an engine's logits besides the weights: two experts whose names differ answer
    /// differently.
    package static func numericsID(sled: SLEDSettings?) -> String {
        sled.map { "\(numericsID);\($0)" } ?? numericsID
    }
}
