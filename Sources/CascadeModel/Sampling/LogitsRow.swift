internal import CCascadeKernels
package import CascadeCore

/// One row of logits with what everything else needs of it: the largest one and the softmax's denominator.
///
/// Probabilities here are raw: temperature 1, before any truncation. Reads the engine's memory: valid until its next
/// pass. All results are the same bits on every machine.
package struct LogitsRow {
    /// The logits, all finite.
    package let logits: UnsafeBufferPointer<Float>
    /// The most likely token, of equals the lowest.
    package let argmax: Token
    /// Its logit.
    package let largest: Float
    /// Sum of exp(logit - largest).
    package let total: Double

    private let kernels: KernelSet
    private let start: UnsafePointer<Float>

    /// Reads a row of at least one logit; throws when one is infinite or not a number.
    package init(_ logits: UnsafeBufferPointer<Float>, kernels: KernelSet) throws(ModelError) {
        guard let start = logits.baseAddress, !logits.isEmpty else { throw .invalidRequest("a row without logits") }
        var largest: Float = 0
        guard kernels.table.maximum(start, logits.count, &largest) else { throw .nonFiniteLogits }
        var argmax: Token = 0
        _ = kernels.table.indices_at_least(start, logits.count, largest, &argmax, 1)
        self.logits = logits
        self.start = start
        self.kernels = kernels
        self.largest = largest
        self.argmax = argmax
        total = kernels.table.exp_sum(start, logits.count, largest, 1, nil)
    }

    /// Number of tokens.
    package var count: Int { logits.count }

    /// Natural logarithm of the sum of all exponentials: log p(t) = logit(t) - this.
    package var logSumExp: Double { Double(largest) + Math.log(total) }

    /// Largest probability.
    package var maximumProbability: Double { 1 / total }

    /// Natural logarithm of a token's probability.
    package func logProbability(of token: Token) -> Double {
        Double(logits[Int(token)]) - logSumExp
    }

    /// A token's probability.
    package func probability(of token: Token) -> Double {
        Math.exp(Double(logits[Int(token)]) - Double(largest)) / total
    }

    /// Entropy in nats.
    package func entropy() -> Double {
        max(0, Math.log(total) - kernels.table.exp_moment(start, count, largest) / total)
    }

    /// The `limit` most likely tokens with the logarithms of their probabilities, the most likely first, of equals the
    /// lowest.
    package func top(_ limit: Int) -> [(token: Token, logProbability: Double)] {
        let denominator = logSumExp
        return ranked(limit).map { ($0, Double(logits[Int($0)]) - denominator) }
    }

    // MARK: For the sampler

    /// The `limit` most likely tokens, the most likely first, of equals the lowest.
    func ranked(_ limit: Int) -> [Token] {
        let limit = min(limit, count)
        guard limit > 0 else { return [] }
        // The limit-th largest of the maxima of strips is a threshold that at least `limit` tokens reach, and not
        // many more.
        let strip = max(16, count / (2 * limit) / 16 * 16)
        let strips = (count + strip - 1) / strip
        var threshold = -Float.infinity
        if strips >= limit {
            var maxima = [Float](unsafeUninitializedCapacity: strips) { buffer, initialized in
                if let base = buffer.baseAddress { kernels.table.strip_maxima(start, count, strip, base) }
                initialized = strips
            }
            maxima.sort(by: >)
            threshold = maxima[limit - 1]
        }
        let found = kernels.table.indices_at_least(start, count, threshold, nil, 0)
        var tokens = [Token](unsafeUninitializedCapacity: found) { buffer, initialized in
            _ = kernels.table.indices_at_least(start, count, threshold, buffer.baseAddress, found)
            initialized = found
        }
        tokens.sort { left, right in
            let (a, b) = (logits[Int(left)], logits[Int(right)])
            return a > b || (a == b && left < right)
        }
        tokens.removeLast(tokens.count - limit)
        return tokens
    }

    /// exp((logit - largest) / temperature) of every token.
    func weights(temperature: Double) -> [Float] {
        weights(of: logits, temperature: temperature)
    }

    /// exp((logit - largest) / temperature) of some tokens.
    func weights(of tokens: ArraySlice<Token>, temperature: Double) -> [Float] {
        let values = tokens.map { logits[Int($0)] }
        return values.withUnsafeBufferPointer { weights(of: $0, temperature: temperature) }
    }

    private func weights(of values: UnsafeBufferPointer<Float>, temperature: Double) -> [Float] {
        guard let base = values.baseAddress, !values.isEmpty else { return [] }
        return [Float](unsafeUninitializedCapacity: values.count) { buffer, initialized in
            _ = kernels.table.exp_sum(base, values.count, largest, Float(1 / temperature), buffer.baseAddress)
            initialized = values.count
        }
    }
}

extension Engine {
    /// A row of the last call's logits, checked; see ``logits(segment:row:)``.
    package func row(segment: Int, row: Int) throws(ModelError) -> LogitsRow {
        try LogitsRow(logits(segment: segment, row: row), kernels: kernels)
    }
}
