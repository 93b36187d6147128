internal import CascadeCore

/// One choice of an answer as far as it has come.
struct ChoiceState: Sendable {
    /// What one delta adds.
    struct Piece: Equatable, Sendable {
        /// What it says, in whole characters.
        var parts: [OutputPart]
        /// What of it is content.
        var text: String {
            parts.reduce(into: "") { text, part in
                if case .content(let more) = part { text += more }
            }
        }
        /// Calls of tools before these.
        var callsBefore: Int
        /// The tokens that were committed meanwhile.
        var tokens: [EmittedToken]
        /// Characters, as Unicode scalars, of all tokens before these.
        var textOffset: Int
    }

    /// Its number.
    let index: Int
    /// Whether tokens are kept for the whole answer.
    private let keepsTokens: Bool
    private var parser: OutputParser
    private let mostCalls: Int
    /// Calls of tools so far.
    private(set) var callCount = 0
    /// The beginning of a character, whose rest comes with the next delta.
    private var held: [UInt8] = []
    private var textOffset = 0

    /// The job behind it; nil before it is accepted.
    var accepted: AcceptedCompletion?
    /// How it ended; nil before that.
    var finished: FinishedCompletion?
    /// All content so far, where it is kept.
    private(set) var text = ""
    /// All reasoning so far, where it is kept.
    private(set) var reasoning = ""
    /// All calls of tools so far, where they are kept.
    private(set) var toolCalls: [ChatMessage.ToolCall] = []
    /// All tokens so far, where they are kept.
    private(set) var tokens: [EmittedToken] = []

    /// A choice of a call that has nothing yet.
    init(index: Int, of call: CompletionCall, keepsTokens: Bool) {
        (self.index, self.keepsTokens) = (index, keepsTokens)
        parser = OutputParser(findsReasoning: call.separatesReasoning, tools: call.tools?.names ?? [])
        mostCalls = call.tools?.allowsParallelCalls == false ? 1 : .max
    }

    /// Takes a delta and returns what of it can be shown: never half a character. Bytes that belong to none become
    /// U+FFFD. A character that is incomplete where the answer ends is left out.
    mutating func take(_ delta: CompletionDelta) -> Piece {
        held += delta.text
        let count = held.count - incompleteSuffixCount(of: held[...])
        let parts = parser.take(String(decoding: held[..<count], as: UTF8.self))
        let piece = piece(parts, tokens: delta.tokens)
        held.removeFirst(count)
        for token in delta.tokens { textOffset += token.piece.text.unicodeScalars.count }
        return piece
    }

    /// Takes the end, and returns what was held back until it was certain what it is.
    mutating func take(_ finished: FinishedCompletion) -> Piece {
        self.finished = finished
        return piece(parser.finish(), tokens: [])
    }

    private mutating func piece(_ parts: [OutputPart], tokens: [EmittedToken]) -> Piece {
        let before = callCount
        let told = parts.filter { part in
            guard case .toolCall = part else { return true }
            callCount += 1
            return callCount <= mostCalls
        }
        callCount = min(callCount, mostCalls)
        return Piece(parts: told, callsBefore: before, tokens: tokens, textOffset: textOffset)
    }

    /// Adds a piece to the whole.
    mutating func keep(_ piece: Piece) {
        for part in piece.parts {
            switch part {
            case .content(let more): text += more
            case .reasoning(let more): reasoning += more
            case .toolCall(let name, let arguments):
                toolCalls.append(.init(id: callID(toolCalls.count), name: name, arguments: arguments))
            }
        }
        if keepsTokens { tokens += piece.tokens }
    }

    /// The name of a call, which the tool's answer repeats: no other call has it.
    func callID(_ number: Int) -> String { "call_\(accepted?.job ?? "")_\(number)" }

    /// Why the answer ended, by OpenAI's names; nil while it has not.
    var finishReason: String? {
        finished.map { $0.reason == .stop && callCount > 0 ? "tool_calls" : $0.reason.rawValue }
    }

    /// All tokens as one piece.
    var whole: Piece { Piece(parts: [], callsBefore: 0, tokens: tokens, textOffset: 0) }
}

extension TokenPiece {
    /// The bytes as text; those that are no character are U+FFFD.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
