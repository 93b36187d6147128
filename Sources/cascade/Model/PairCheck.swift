internal import CascadeCore
internal import CascadeModel
internal import CascadeText
internal import Foundation

/// Whether models can be served, and two of them work as a pair.
enum PairCheck {
    /// Throws with both names and the first token in which they differ.
    static func check(drafter: ServableModel, expert: ServableModel) throws(CommandFailure) {
        let (draft, verify) = (drafter.tokenizer, expert.tokenizer)
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

    /// Opens a model; throws when it cannot be served.
    static func open(_ path: String) throws(CommandFailure) -> ServableModel {
        do throws(ModelError) {
            return try ServableModel(path: path)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    private static func name(_ model: ServableModel) -> String { URL(filePath: model.file.path).lastPathComponent }

    private static func quoted(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).debugDescription
    }
}
