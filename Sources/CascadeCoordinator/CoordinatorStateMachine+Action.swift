package import CascadeCore

extension CoordinatorStateMachine {
    /// What the driver shall do, in this order.
    package enum Action: Equatable, Sendable {
        /// Send a message; where the peer cannot be reached or does not read, say so by an event.
        case send(Message, to: PeerID)
        /// Make tokens of a prompt, beside everything else, and answer with ``Event/tokenized(_:_:)``; before that no
        /// other comes.
        case tokenize(Tokenization)
        /// Put this part of a pool's tokenizer block to the others; when all are there, answer with
        /// ``Event/vocabulary(pool:_:_:)`` or ``Event/vocabularyFailed(pool:_:)``. A part at offset 0 begins anew.
        case collectTokenizer(pool: String, TokenizerID, TokenizerChunk)
        /// A pool is gone: parts of a tokenizer block for it are of no use.
        case forgetPool(String)
        /// A tokenizer will not be asked for again, unless its block comes again.
        case forgetTokenizer(TokenizerID)
        /// Write a record down, durably, and answer with ``Event/journaled(upTo:)``. Records are counted from 1.
        case journal(JournalRecord)
        /// Write a line to the log.
        case log(LogLevel, String, [LogField])
        /// Everything is sent: end the process.
        case exit
    }

    /// A prompt that shall become tokens.
    package struct Tokenization: Equatable, Sendable {
        /// Whose prompt it is.
        package var job: JobID
        /// The job's pool.
        package var pool: String
        /// Which tokenizer to use.
        package var tokenizer: TokenizerID
        /// The prompt's bytes.
        package var prompt: [UInt8]
        /// How it becomes tokens.
        package var format: PromptFormat
        /// A system message for the chat template.
        package var system: [UInt8]?
        /// What was said so far, in place of prompt and system message.
        package var conversation: Conversation?
        /// Whether control tokens written out in the texts of a chat count as such.
        package var parsesSpecial: Bool
        /// The client's clock, for chat templates that print the date.
        package var localSeconds: UInt64?
        /// The most tokens that are of any use: a prompt that has more need not be read to its end.
        package var limit: Int
    }
}
