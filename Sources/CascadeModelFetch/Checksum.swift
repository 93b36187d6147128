internal import Foundation

/// SHA-256 of files, by coreutils' `sha256sum`.
enum Checksum {
    /// The SHA-256 of the file at `url`, 64 lower-case hexadecimal digits.
    static func sha256(of url: URL, environment: [String: String]) async throws -> String {
        let tool = try Tool("sha256sum", package: "coreutils", arguments: ["--", url.path], environment: environment)
        let (exit, output) = try await tool.text()
        // A name with a newline or backslash makes the line start with a backslash.
        let digest = output.drop { $0 == "\\" }.prefix { $0 != " " }
        guard exit.status == 0, let text = hexDigest(digest) else {
            throw ModelFetchError(code: .fileSystem, message: "sha256sum \(url.path) failed: \(exit.errors)")
        }
        return text
    }

    /// `text` in lower case if it is 64 hexadecimal digits.
    static func hexDigest(_ text: some StringProtocol) -> String? {
        guard text.utf8.count == 64, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        return text.lowercased()
    }
}
