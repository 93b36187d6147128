internal import CascadeCore

/// Bounds on everything that a peer can make large. What is beyond them is refused with a ``WireError``.
///
/// They are wide enough for every honest message and tight enough that no sum of a few decoded values overflows: users
/// of decoded messages may add token counts, offsets and durations without checks.
package struct WireLimits: Equatable, Sendable {
    /// Bytes of frame 0.
    package var controlBytes = 64 << 10
    /// Bytes of frame 0 of a message that carries token lists or text: the longest prompt, and all else of a
    /// submission, as are the tags and lengths of a conversation's messages, parts and calls.
    package var envelopeBytes = JobLimits.standard.promptBytes + JobLimits.standard.constraintBytes + 256 << 10
    /// Raw frames of a message.
    package var rawFrames = 8
    /// Bytes of a raw frame, and with it of one part of a tokenizer block.
    package var rawFrameBytes = 1 << 20
    /// Token ids in one list, and committed tokens of a sequence.
    package var tokens: UInt32 = 1 << 20
    /// Drafted positions of one round.
    package var positions: UInt32 = 64
    /// Entries of a drafted row.
    package var rowEntries: UInt32 = 1024
    /// Entries of any other list.
    package var listEntries = 4096
    /// Bytes of a name: of a node, a pool, a model, a program.
    package var nameBytes = 256
    /// Bytes of a sentence for people.
    package var noteBytes = 16 << 10
    /// Bytes of a prompt, a system message or a piece of an answer.
    package var textBytes = JobLimits.standard.promptBytes
    /// Bytes of a grammar or a JSON schema.
    package var constraintBytes = JobLimits.standard.constraintBytes
    /// Stop strings of a job.
    package var stopStrings = 64
    /// Bytes of one stop string.
    package var stopStringBytes = 1024
    /// Bytes of a tokenizer block.
    package var tokenizerBytes: UInt32 = 64 << 20
    /// Likeliest tokens of a position that are told with their log probabilities.
    package var logprobs = Logprobs.most
    /// Bytes of one token of a vocabulary.
    package var tokenBytes = Logprobs.mostBytes
    /// A 32-bit count or offset of any kind.
    package var count: UInt32 = 1 << 30
    /// A 64-bit counter.
    package var counter: UInt64 = 1 << 48
    /// A duration: 31 years.
    package var milliseconds = 1e12

    /// A client's clock: the last second of the year 9999.
    static let localSeconds: UInt64 = 253_402_300_799

    /// The limits that every process uses.
    package static let standard = WireLimits()

    /// The standard limits, to be changed one by one.
    package init() {}

    /// What a probability may be. Its neighbours by rounding are let through, bits unchanged: a difference that should
    /// be zero may come out a little below.
    static let probability = -1e-6...1 + 1e-6

    /// What a log probability may be.
    static let logprob = Logprobs.least...0

    /// What an entropy in nats may be, by the same leave; whether it fits the vocabulary is the rules' to say.
    static let entropy = probability.lowerBound...Double.greatestFiniteMagnitude

    /// Memory that unpacking a frame 0 of `frame` bytes may take. Lists of sub-messages take up to 10 bytes per byte,
    /// packed lists 4; a flood of empty or unknown fields takes 20 to 60 and is refused. So do the shortest messages of
    /// a conversation, and the constant part has room for as many as a job may have.
    func unpackBytes(frame: Int) -> Int {
        (1 << 20) + 16 * frame
    }
}
