internal import CascadeCore
internal import CascadeNode
internal import Foundation

/// Whether two models can work as a pair.
enum PairCheck {
    /// Throws with both names and the first token in which they differ.
    static func check(drafter: String, expert: String) throws {
        let small = try vocabulary(of: drafter)
        let large = try vocabulary(of: expert)
        guard small.hash != large.hash else { return }
        let names = "\(name(drafter)) and \(name(expert)) cannot work as a pair: "
        for token in 0..<Token(min(small.count, large.count)) where small.bytes(of: token) != large.bytes(of: token) {
            throw CommandFailure.failed(
                names + "token \(token) is \(quoted(small.bytes(of: token))) in the one and "
                    + "\(quoted(large.bytes(of: token))) in the other"
            )
        }
        if small.count != large.count {
            throw CommandFailure.failed(names + "they have \(small.count) and \(large.count) tokens")
        }
        throw CommandFailure.failed(
            names + "their tokens are equal but not their kinds (end tokens \(small.endTokens) and \(large.endTokens))"
        )
    }

    private static func vocabulary(of path: String) throws -> Vocabulary {
        do {
            return try PromptTokenizer(path: path).vocabulary
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    private static func name(_ path: String) -> String { URL(filePath: path).lastPathComponent }

    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        "'" + String(decoding: bytes, as: UTF8.self) + "'"
    }
}
