internal import CCascadeKernels
package import CascadeCore

/// One row of logits with what everything else needs of it: the largest one and, once it is asked for, the softmax's
/// denominator.
///
/// Probabilities here are raw: temperature 1, before any truncation. Where the output head has only some tokens
/// (``Model/headTokens``) they are the probabilities among these, and every other token has none. Reads the engine's
/// memory: valid until its next pass; once it is adjusted (``adjusted(by:)``), its own. All results are the same bits
/// on every machine.
package struct LogitsRow {
    /// The logits, all finite; of all tokens, or of the head's in ascending order.
    package let logits: UnsafeBufferPointer<Float>
    /// The most likely token, of equals the lowest.
    package let argmax: Token
    /// Its logit.
    package let largest: Float
    /// Sum of exp(logit - largest), computed when first asked for: greedy rows go without.
    package var total: Double {
        if let known = denominator.value { return known }
        let sum = kernels.table.exp_sum(start, logits.count, largest, 1, nil)
        denominator.value = sum
        return sum
    }

    /// Where a row, a value, remembers its total.
    private final class Denominator {
        var value: Double?
    }

    private let denominator = Denominator()
    private let kernels: KernelSet
    private let start: UnsafePointer<Float>
    let headTokens: [Token]?
    /// What keeps the logits where they are not the engine's.
    private let copy: Copy?

    /// A row's own logits.
    private final class Copy {
        let start: UnsafeMutablePointer<Float>
        let count: Int

        init(_ logits: UnsafeBufferPointer<Float>) {
            count = logits.count
            start = .allocate(capacity: count)
            for index in logits.indices { (start + index).initialize(to: logits[index]) }
        }

        /// Those at some places of a row.
        init(_ logits: UnsafeBufferPointer<Float>, at places: [UInt32]) {
            count = places.count
            start = .allocate(capacity: count)
            for (index, place) in places.enumerated() { (start + index).initialize(to: logits[Int(place)]) }
        }

        deinit { start.deallocate() }
    }

    /// Reads a row of at least one logit; throws when one is infinite or not a number. `headTokens` are the tokens that
    /// the logits belong to, ascending; nil means 0, 1, 2 and so on.
    package init(
        _ logits: UnsafeBufferPointer<Float>,
        headTokens: [Token]? = nil,
        kernels: KernelSet
    ) throws(ModelError) {
        guard let start = logits.baseAddress, !logits.isEmpty else { throw .invalidRequest("a row without logits") }
        var largest: Float = 0
        guard kernels.table.maximum(start, logits.count, &largest) else { throw .nonFiniteLogits }
        var place: UInt32 = 0
        _ = kernels.table.indices_at_least(start, logits.count, largest, &place, 1)
        self.logits = logits
        self.start = start
        self.kernels = kernels
        self.largest = largest
        self.headTokens = headTokens
        copy = nil
        argmax = headTokens?[Int(place)] ?? place
    }

    /// Reads a row's own logits, at least one, all finite.
    private init(_ copy: Copy, headTokens: [Token]?, kernels: KernelSet) {
        var largest: Float = 0
        _ = kernels.table.maximum(copy.start, copy.count, &largest)
        var place: UInt32 = 0
        _ = kernels.table.indices_at_least(copy.start, copy.count, largest, &place, 1)
        logits = UnsafeBufferPointer(start: copy.start, count: copy.count)
        start = UnsafePointer(copy.start)
        self.kernels = kernels
        self.largest = largest
        self.headTokens = headTokens
        self.copy = copy
        argmax = headTokens?[Int(place)] ?? place
    }

    /// The row that penalties and bias leave of this one, which stays as it is: O(tokens) for a copy of the logits,
    /// then those of the tokens that are touched. A token that the head lacks stays without a probability.
    package func adjusted(by adjustment: LogitsAdjustment) -> LogitsRow {
        let copy = Copy(logits)
        for change in adjustment.changes {
            guard let place = place(of: change.token) else { continue }
            copy.start[place] = change.logit(copy.start[place])
        }
        return LogitsRow(copy, headTokens: headTokens, kernels: kernels)
    }

    /// The row of those of its tokens that a mask allows, which has bit `t % 64` of word `t / 64` for token t: as of a
    /// head that has no others (``headTokens``). Nil where that is none. O(tokens).
    package func masked(by words: [UInt64]) -> LogitsRow? {
        func isAllowed(_ token: Token) -> Bool {
            let word = Int(token >> 6)
            return word < words.count && words[word] >> UInt64(token & 63) & 1 != 0
        }
        let places = (0..<UInt32(count)).filter { isAllowed(token(at: $0)) }
        if places.count == count { return self }
        guard !places.isEmpty else { return nil }
        let tokens = headTokens == nil ? places : places.map(token(at:))
        return LogitsRow(Copy(logits, at: places), headTokens: tokens, kernels: kernels)
    }

    /// Number of tokens.
    package var count: Int { logits.count }

    /// Natural logarithm of the sum of all exponentials: log p(t) = logit(t) - this.
    package var logSumExp: Double { Double(largest) + Math.log(total) }

    /// Largest probability.
    package var maximumProbability: Double { 1 / total }

    /// Natural logarithm of a token's probability; negative infinity where the head lacks it.
    package func logProbability(of token: Token) -> Double {
        place(of: token).map { Double(logits[$0]) - logSumExp } ?? -.infinity
    }

    /// A token's probability; 0 where the head lacks it.
    package func probability(of token: Token) -> Double {
        place(of: token).map { Math.exp(Double(logits[$0]) - Double(largest)) / total } ?? 0
    }

    /// A token's place among all by probability, from 1, of equals the lowest first; behind all where the head lacks
    /// it.
    package func rank(of token: Token) -> Int {
        guard let place = place(of: token) else { return count + 1 }
        let own = logits[place]
        // All logits are finite: what is larger is at least the next number.
        let better = kernels.table.indices_at_least(start, count, own.nextUp, nil, 0)
        guard place > 0 else { return 1 + better }
        let before = kernels.table.indices_at_least(start, place, own, nil, 0)
        return 1 + better + before - kernels.table.indices_at_least(start, place, own.nextUp, nil, 0)
    }

    /// Entropy in nats.
    package func entropy() -> Double {
        max(0, Math.log(total) - kernels.table.exp_moment(start, count, largest) / total)
    }

    /// The `limit` most likely tokens with the logarithms of their probabilities, the most likely first, of equals the
    /// lowest.
    package func top(_ limit: Int) -> [(token: Token, logProbability: Double)] {
        let denominator = logSumExp
        return ranked(limit).map { (token(at: $0), Double(logits[Int($0)]) - denominator) }
    }

    // MARK: Tokens and places

    /// The token that a logit belongs to.
    func token(at place: UInt32) -> Token { headTokens?[Int(place)] ?? place }

    /// Where a token's logit is; nil where the head lacks it.
    private func place(of token: Token) -> Int? {
        guard let headTokens else { return Int(token) < logits.count ? Int(token) : nil }
        var range = headTokens.indices
        while range.count > 1 {
            let middle = range.lowerBound + range.count / 2
            range = headTokens[middle] <= token ? middle..<range.upperBound : range.lowerBound..<middle
        }
        return range.first.flatMap { headTokens[$0] == token ? $0 : nil }
    }

    // MARK: For the sampler

    /// Places of the `limit` largest logits, the largest first, of equals the lowest.
    func ranked(_ limit: Int) -> [UInt32] {
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
        var places = [UInt32](unsafeUninitializedCapacity: found) { buffer, initialized in
            _ = kernels.table.indices_at_least(start, count, threshold, buffer.baseAddress, found)
            initialized = found
        }
        places.sort { left, right in
            let (a, b) = (logits[Int(left)], logits[Int(right)])
            return a > b || (a == b && left < right)
        }
        places.removeLast(places.count - limit)
        return places
    }

    /// exp((logit - largest) / temperature) of every logit.
    func weights(temperature: Double) -> [Float] {
        weights(of: logits, temperature: temperature)
    }

    /// exp((logit - largest) / temperature) of the logits at some places.
    func weights(of places: ArraySlice<UInt32>, temperature: Double) -> [Float] {
        let values = places.map { logits[Int($0)] }
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
        try LogitsRow(logits(segment: segment, row: row), headTokens: model.headTokens, kernels: kernels)
    }
}
