package import CascadeCore

extension Grammar {
    /// The grammar of a job's constraint: bounded work, whatever its text is.
    package init(_ constraint: OutputConstraint) throws(GrammarError) {
        switch constraint.kind {
        case .grammar: try self.init(gbnf: constraint.text)
        case .jsonSchema: try self.init(jsonSchema: constraint.text)
        case .jsonObject: self = .jsonObject
        }
    }

    /// Why a job's constraint cannot be used, for people; nil where it can.
    package static func problem(of constraint: OutputConstraint) -> String? {
        do throws(GrammarError) {
            _ = try Grammar(constraint)
            return nil
        } catch {
            return "the \(constraint.name) cannot be used: \(error.message)"
        }
    }
}

extension ConstraintVocabulary {
    /// What a model's tokens stand for: control tokens for no text.
    package init(_ vocabulary: Vocabulary) {
        let pieces = (0..<Token(vocabulary.count)).map { token -> [UInt8]? in
            let bytes = vocabulary.bytes(of: token)
            return bytes.isEmpty ? nil : Array(bytes)
        }
        self.init(pieces: pieces, endTokens: vocabulary.endTokens)
    }
}
