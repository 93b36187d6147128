package import CascadeCore

extension LogitsRow {
    /// The processed row: top-k, top-p and min-p on the probabilities of temperature 1, then the temperature.
    ///
    /// Penalties and bias are not part of it: they come before (``adjusted(by:)``). Each step sees what the one before
    /// left, so top-p counts shares of the top-k tokens' mass. Equally likely tokens rank by id. With `support` the row
    /// is cut to that many most likely tokens at the end. Tokens whose weight vanishes in single precision are left
    /// out.
    package func distribution(_ settings: SamplingSettings, support: Int? = nil) -> Distribution {
        if settings.isGreedy { return Distribution(oneHot: argmax) }
        let cutsByRank = (settings.topK > 0 && settings.topK < count) || settings.topP < 1
        if cutsByRank || support.map({ $0 < count }) ?? false {
            let kept = keptByRank(settings, support: max(1, support ?? count))
            return row(kept[...].sorted()[...], temperature: settings.temperature)
        }
        if settings.minP > 0 {
            let weights = weights(temperature: 1)
            let kept = (0..<UInt32(count)).filter { Double(weights[Int($0)]) >= settings.minP }
            return row(kept[...], temperature: settings.temperature)
        }
        return row((0..<UInt32(count)).map(\.self), weights(temperature: settings.temperature))
    }

    /// Places of the tokens that all steps before the temperature leave, the most likely first.
    private func keptByRank(_ settings: SamplingSettings, support: Int) -> ArraySlice<UInt32> {
        let limit = settings.topK > 0 ? min(settings.topK, count) : count
        // Top-k with top-p needs the mass of all k tokens; otherwise start with few and take more while top-p asks.
        var rank = settings.topP < 1 ? (settings.topK > 0 ? limit : min(256, count)) : min(limit, support)
        while true {
            let places = ranked(rank)
            let weights = weights(of: places[...], temperature: 1)
            var kept = rank
            if settings.topP < 1 {
                let mass = settings.topK > 0 ? weights.reduce(0.0) { $0 + Double($1) } : total
                if let end = LogitsRow.prefix(of: weights, reaching: settings.topP * mass) {
                    kept = end
                } else if rank < min(limit, support) {
                    rank = min(4 * rank, limit)
                    continue
                }
            }
            if settings.minP > 0 {
                kept = min(kept, weights.firstIndex { Double($0) < settings.minP } ?? rank)
            }
            return places[..<min(kept, support)]
        }
    }

    /// How many of the weights it takes to reach `goal`; nil when all are not enough.
    private static func prefix(of weights: [Float], reaching goal: Double) -> Int? {
        var mass = 0.0
        for index in weights.indices {
            mass += Double(weights[index])
            if mass >= goal { return index + 1 }
        }
        return nil
    }

    /// The row of the tokens at the places, which ascend, at a temperature.
    private func row(_ places: ArraySlice<UInt32>, temperature: Double) -> Distribution {
        row(Array(places), weights(of: places, temperature: temperature))
    }

    private func row(_ places: [UInt32], _ weights: [Float]) -> Distribution {
        let tokens = headTokens == nil ? places : places.map(token(at:))
        if let row = Distribution(tokens: tokens, weights: weights) { return row }
        // Some weights vanish.
        let positive = tokens.indices.filter { weights[$0] > 0 }
        let row = Distribution(tokens: positive.map { tokens[$0] }, weights: positive.map { weights[$0] })
        return row ?? Distribution(oneHot: argmax)
    }
}
