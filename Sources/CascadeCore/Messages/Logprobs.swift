/// What is told of log probabilities where a job asks for them.
///
/// They are the expert's: natural logarithms of the softmax of its logits at temperature 1, before penalties, bias,
/// truncation and masks, whatever the job's sampling and rule are and whoever drafted the token. That is what vLLM
/// gives under `--logprobs-mode raw_logprobs`, its default, and calls `logprob` and `rank` (docs.vllm.ai,
/// `vllm.logprobs.Logprob`).
package enum Logprobs {
    /// Likeliest tokens that a job may ask for at each position: as in OpenAI's and vLLM's interfaces.
    package static let most: UInt32 = 20
    /// The smallest log probability that is told, as in these interfaces: what is less likely has this one, so that
    /// every number is finite.
    package static let least = -9999.0
    /// Bytes of tokens that are told at one position: more are only those of odd vocabularies.
    package static let mostBytes = 1_024

    /// The logarithm of a probability, within what is told: at most 0, which rounding may exceed.
    package static func bounded(_ value: Double) -> Double { max(least, min(0, value)) }
}

/// A token's log probability and how many tokens come before it.
package struct RankedLogprob: Equatable, Sendable {
    /// Natural logarithm, from ``Logprobs/least`` to 0.
    package var value: Double
    /// 1 for the likeliest; of equally likely tokens the lowest comes first.
    package var rank: UInt32

    /// Creates the value from its parts.
    package init(_ value: Double, rank: UInt32) {
        self.value = value
        self.rank = rank
    }
}

/// A token with its log probability.
package struct TopLogprob: Equatable, Sendable {
    /// The token.
    package var token: Token
    /// Natural logarithm, from ``Logprobs/least`` to 0.
    package var value: Double

    /// Creates the value from its parts.
    package init(_ token: Token, _ value: Double) {
        self.token = token
        self.value = value
    }
}

/// What an expert says of one row, of all tokens that may be committed from it.
package struct RowLogprobs: Equatable, Sendable {
    /// Of the drafted token; nil behind the draft.
    package var drafted: RankedLogprob?
    /// Of the expert's own token: the one in the drafted token's place, or the one behind the draft.
    package var own: RankedLogprob
    /// The likeliest tokens, the likeliest first, as many as the spec asks for or as there are.
    package var top: [TopLogprob]

    /// Creates the value from its parts.
    package init(drafted: RankedLogprob?, own: RankedLogprob, top: [TopLogprob]) {
        self.drafted = drafted
        self.own = own
        self.top = top
    }
}

/// What the expert's row says at a committed token's position.
package struct TokenLogprobs: Equatable, Sendable {
    /// One of the likeliest tokens.
    package struct Entry: Equatable, Sendable {
        /// The token and its log probability.
        package var top: TopLogprob
        /// What it stands for; nil where the position has more than ``Logprobs/mostBytes``.
        package var bytes: [UInt8]?

        /// Creates the value from its parts.
        package init(_ top: TopLogprob, bytes: [UInt8]?) {
            self.top = top
            self.bytes = bytes
        }
    }

    /// Of the committed token.
    package var token: RankedLogprob
    /// What that token stands for; nil where it is longer than ``Logprobs/mostBytes``.
    package var bytes: [UInt8]?
    /// The likeliest tokens, the likeliest first. Bytes are those of the first entries, as far as there is room.
    package var top: [Entry]

    /// Creates the value from its parts.
    package init(_ token: RankedLogprob, bytes: [UInt8]?, top: [Entry]) {
        self.token = token
        self.bytes = bytes
        self.top = top
    }

    /// What `row` says of a committed token, with the bytes of all tokens as far as there is room.
    package init(_ token: Token, _ ranked: RankedLogprob, of row: RowLogprobs, _ vocabulary: Vocabulary) {
        var room = Logprobs.mostBytes
        func bytes(_ token: Token) -> [UInt8]? {
            guard room > 0 else { return nil }
            let bytes = vocabulary.bytes(of: token)
            room -= bytes.count
            // Whoever is told less is told a beginning of the list.
            if room < 0 { return nil }
            return Array(bytes)
        }
        let own = bytes(token)
        self.init(ranked, bytes: own, top: row.top.map { Entry($0, bytes: bytes($0.token)) })
    }

    /// Bytes of memory that keeping it costs beside its own, about.
    package var heldBytes: Int {
        top.reduce(bytes?.count ?? 0) { $0 + MemoryLayout<Entry>.stride + ($1.bytes?.count ?? 0) }
    }
}
