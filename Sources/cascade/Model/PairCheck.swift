internal import CascadeCore
internal import CascadeModel
internal import CascadeText
internal import Foundation

/// Whether models can be served, and two of them work as a pair.
enum PairCheck {
    /// Throws when one of them cannot be served, or with both names and the first token in which they differ.
    static func check(drafter: String, expert: String) throws {
        let (draft, verify) = (try tokenizer(of: drafter), try tokenizer(of: expert))
        let (small, large) = (draft.vocabulary, verify.vocabulary)
        guard small.hash != large.hash else { return }
        let names = "\(name(drafter)) and \(name(expert)) cannot work as a pair: "
        // As it stands in the file: a control token shows as nothing.
        for token in 0..<Token(min(small.count, large.count)) where draft.text(of: token) != verify.text(of: token) {
            throw CommandFailure.failed(
                names + "token \(token) is \(quoted(draft.text(of: token))) in the one and "
                    + "\(quoted(verify.text(of: token))) in the other"
            )
        }
        if small.count != large.count {
            throw CommandFailure.failed(names + "they have \(small.count) and \(large.count) tokens")
        }
        throw CommandFailure.failed(
            names + "their tokens are equal but not their kinds (end tokens \(small.endTokens) and \(large.endTokens))"
        )
    }

    /// Throws when a model cannot be served.
    static func check(_ path: String) throws { _ = try tokenizer(of: path) }

    private static func tokenizer(of path: String) throws -> Tokenizer {
        do throws(ModelError) {
            return try ServableModel(path: path).tokenizer
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    private static func name(_ path: String) -> String { URL(filePath: path).lastPathComponent }

    private static func quoted(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).debugDescription
    }
}
