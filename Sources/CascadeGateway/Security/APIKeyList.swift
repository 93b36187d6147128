internal import Crypto

/// The keys of a file: who may ask, and how much.
///
/// A key a line: the key, its owner's name, and limits, with blanks between them. What follows a `#` at the beginning
/// of a line or behind a blank is a comment.
///
///     sk-mobile-4b0e6f1c9a  mobile  requests-per-minute=60 tokens-per-minute=20000 jobs=4
///     sha256:9f86d0…        batch
///
/// `sha256:` and 64 hexadecimal digits stand for a key that only its owner has. Several keys may have one owner; limits
/// hold for each key.
package struct APIKeyList: Equatable, Sendable {
    /// A key, without itself.
    struct Entry: Equatable, Sendable {
        /// SHA-256 of the key: nothing else of it is kept.
        var digest: [UInt8]
        /// Its owner.
        var owner: String
        /// How much it may ask for.
        var limits = KeyLimits()
    }

    /// What is wrong with a file, for people; says nothing of the keys in it.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        /// The line, from 1.
        var line: Int
        /// What is wrong.
        var message: String

        package var description: String { "line \(line): \(message)" }
    }

    /// Characters of a key, at least: shorter ones can be guessed.
    static let leastLength = 16
    /// Keys of a file, at most.
    static let most = 10_000

    /// In the order of the file.
    private(set) var entries: [Entry] = []

    /// How many keys there are.
    package var count: Int { entries.count }

    /// Reads the text of a file. A file without keys is one that lets nobody in.
    package init(_ text: String) throws(Problem) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let all = line.split(whereSeparator: \.isWhitespace)
            let words = all.prefix { !$0.hasPrefix("#") }
            guard !words.isEmpty else { continue }
            let entry = try Self.entry(Array(words), line: index + 1)
            guard !entries.contains(where: { $0.digest == entry.digest }) else {
                throw Problem(line: index + 1, message: "this key stands above already")
            }
            entries.append(entry)
            guard entries.count <= Self.most else {
                throw Problem(line: index + 1, message: "more than \(Self.most) keys")
            }
        }
    }

    private static func entry(_ words: [Substring], line: Int) throws(Problem) -> Entry {
        guard words.count >= 2 else { throw Problem(line: line, message: "no owner's name behind the key") }
        let owner = String(words[1])
        let allowed = owner.allSatisfy { $0.isASCII && ($0.isLetter || "0123456789.-_".contains($0)) }
        guard allowed, owner.utf8.count <= 64 else {
            throw Problem(line: line, message: "an owner's name has at most 64 letters, digits, '.', '-' and '_'")
        }
        var entry = Entry(digest: try digest(words[0], line: line), owner: owner)
        for word in words[2...] {
            let parts = word.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let limit = KeyLimits.names.first(where: { $0.name == parts[0] }) else {
                let names = KeyLimits.names.map(\.name).joined(separator: ", ")
                throw Problem(line: line, message: "'\(word)' is no limit: there are \(names), each with =NUMBER")
            }
            guard let number = Int(parts[1]), (1...1_000_000_000).contains(number) else {
                throw Problem(line: line, message: "\(limit.name) has to be from 1 to 1000000000")
            }
            entry.limits[keyPath: limit.path] = number
        }
        return entry
    }

    private static func digest(_ word: Substring, line: Int) throws(Problem) -> [UInt8] {
        if word.hasPrefix("sha256:") {
            let digits = Array(word.dropFirst(7).utf8)
            let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
            }
            guard digits.count == 64, bytes.count == 32 else {
                throw Problem(line: line, message: "sha256: needs 64 hexadecimal digits")
            }
            return bytes
        }
        guard word.utf8.count >= leastLength else {
            throw Problem(line: line, message: "a key has at least \(leastLength) characters")
        }
        return digest(of: word.utf8)
    }

    private static func digest(of key: some Sequence<UInt8>) -> [UInt8] { Array(SHA256.hash(data: Array(key))) }

    /// The entry of a key that a client sent; nil where there is none. The time it takes says nothing of the keys that
    /// there are: digests are compared to their ends, and all of them.
    func entry(of key: String) -> Entry? {
        let sought = Self.digest(of: key.utf8)
        var found: Entry?
        for entry in entries {
            var difference: UInt8 = 0
            for (first, second) in zip(entry.digest, sought) { difference |= first ^ second }
            if difference == 0 { found = entry }
        }
        return found
    }
}

/// How much a key may ask for; nil is without limit.
package struct KeyLimits: Equatable, Sendable {
    /// Completions that begin within a minute.
    var requestsPerMinute: Int?
    /// Tokens of prompts and answers within a minute.
    var tokensPerMinute: Int?
    /// Jobs at a time: each choice of an answer is one.
    var jobs: Int?

    /// The limits by their names in the file.
    static var names: [(name: String, path: WritableKeyPath<KeyLimits, Int?>)] {
        [
            ("requests-per-minute", \.requestsPerMinute), ("tokens-per-minute", \.tokensPerMinute), ("jobs", \.jobs),
        ]
    }
}
