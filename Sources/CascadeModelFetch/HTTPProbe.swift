/// What the headers of an HTTP answer say about a file.
struct HTTPProbe: Equatable {
    /// The file's length.
    var bytes: Int?
    /// The file's SHA-256. Hugging Face sends it as `X-Linked-Etag` for large files.
    var sha256: String?
    /// The server's mark for this version of the file: its ETag or modification time.
    var version: String?

    init() {}

    /// Reads the header blocks of an answer and of the redirections that led to it, in order.
    init(headers: String) {
        for line in headers.split(whereSeparator: { $0 == "\r\n" || $0 == "\n" }) {
            if line.hasPrefix("HTTP/") {
                // What the server that redirects says of its answer's body is not about the file; what it links to is.
                (bytes, version) = (linkedBytes, nil)
                continue
            }
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingSpaces()
            switch line[..<colon].lowercased() {
            case "content-length": bytes = Self.length(value)
            case "etag": version = value.hasPrefix("W/") ? nil : value
            case "last-modified": version = version ?? value
            case "x-linked-size": linkedBytes = Self.length(value)
            case "x-linked-etag": sha256 = Checksum.hexDigest(value.filter { $0 != "\"" })
            default: break
            }
        }
        bytes = linkedBytes ?? bytes
    }

    private var linkedBytes: Int?

    private static func length(_ text: String) -> Int? {
        Int(text).flatMap { $0 >= 0 ? $0 : nil }
    }
}

extension Substring {
    /// The text without spaces and tabs at its ends.
    fileprivate func trimmingSpaces() -> String {
        let blank: Set<Character> = [" ", "\t"]
        let front = drop { blank.contains($0) }
        return String(front.reversed().drop { blank.contains($0) }.reversed())
    }
}
