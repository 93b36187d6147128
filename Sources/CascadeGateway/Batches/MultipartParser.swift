/// Reads a body of type multipart/form-data (RFC 7578) as it comes, strictly and within bounds: nothing stands before
/// the first part, and each part is a form's field with a name.
struct MultipartParser {
    /// What the body says, in order.
    enum Event: Equatable {
        /// A field begins.
        case part(name: String, filename: String?)
        /// Some bytes of it.
        case bytes([UInt8])
        /// It is complete.
        case end
    }

    /// What is wrong with a body, for people.
    struct Problem: Error, Equatable {
        var message: String
    }

    /// Bytes of a part's headers together, at most.
    static let mostHeaderBytes = 8 << 10
    /// Parts, at most.
    static let mostParts = 32

    private enum State {
        case between, headers, body, done
    }

    private let delimiter: [UInt8]
    /// As though a line ended before the body: then the first delimiter is one like any other.
    private var buffer: [UInt8] = [0x0D, 0x0A]
    private var state = State.between
    private var parts = 0
    private var hasLineEnd = false

    /// - Parameter boundary: what stands between parts; see ``boundary(of:)``.
    init(boundary: String) { delimiter = Array("\r\n--\(boundary)".utf8) }

    /// The boundary that a content type names; nil where it is none of a form with parts.
    static func boundary(of type: String) -> String? {
        guard let semicolon = type.firstIndex(of: ";") else { return nil }
        guard type[..<semicolon].trimmed.lowercased() == "multipart/form-data" else { return nil }
        let found = parameters(type[semicolon...]).first { $0.name == "boundary" }?.value
        guard let found, (1...70).contains(found.utf8.count) else { return nil }
        let allowed = found.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\"") }
        return allowed && !found.hasSuffix(" ") ? found : nil
    }

    /// Takes more of the body.
    mutating func feed(_ bytes: some Sequence<UInt8>) throws(Problem) -> [Event] {
        if state == .done { return [] }
        buffer += bytes
        var events: [Event] = []
        while try step(&events) {}
        return events
    }

    /// The body ends here.
    func finish() throws(Problem) {
        guard state == .done else { throw Problem(message: "it ends before its last boundary") }
    }

    /// Returns whether more can be said of what is there.
    private mutating func step(_ events: inout [Event]) throws(Problem) -> Bool {
        switch state {
        case .done:
            // What stands behind the end is nobody's.
            buffer = []
            return false
        case .body: return body(&events)
        case .headers:
            guard let end = Self.find([0x0D, 0x0A, 0x0D, 0x0A], in: buffer) else {
                guard buffer.count <= Self.mostHeaderBytes else { throw Self.longHeaders }
                return false
            }
            guard end <= Self.mostHeaderBytes else { throw Self.longHeaders }
            parts += 1
            guard parts <= Self.mostParts else { throw Problem(message: "it has more than \(Self.mostParts) parts") }
            events.append(try Self.part(String(decoding: buffer[..<end], as: UTF8.self)))
            // The line's end stays: an empty part's boundary needs it.
            buffer.removeFirst(end + 2)
            state = .body
            hasLineEnd = true
            return true
        case .between:
            guard buffer.count >= delimiter.count + 2 else {
                guard delimiter.starts(with: buffer.prefix(delimiter.count)) else { throw Self.noBoundary }
                return false
            }
            guard buffer.starts(with: delimiter) else { throw Self.noBoundary }
            let next = buffer[delimiter.count..<delimiter.count + 2]
            if next.elementsEqual([0x2D, 0x2D]) {
                state = .done
            } else if next.elementsEqual([0x0D, 0x0A]) {
                state = .headers
                buffer.removeFirst(delimiter.count)
            } else {
                throw Self.noBoundary
            }
            return true
        }
    }

    private static let longHeaders = Problem(message: "a part's headers have more than \(mostHeaderBytes) bytes")
    private static let noBoundary = Problem(message: "there is no boundary where one should be")

    private mutating func body(_ events: inout [Event]) -> Bool {
        // The line's end behind the headers is no content.
        let skipped = hasLineEnd ? 2 : 0
        if let end = Self.find(delimiter, in: buffer) {
            if end > skipped { events.append(.bytes(Array(buffer[skipped..<end]))) }
            events.append(.end)
            buffer.removeFirst(end)
            (state, hasLineEnd) = (.between, false)
            return true
        }
        // Its beginning may stand at the end.
        let sure = buffer.count - (delimiter.count - 1)
        guard sure > skipped else { return false }
        events.append(.bytes(Array(buffer[skipped..<sure])))
        buffer.removeFirst(sure)
        hasLineEnd = false
        return false
    }

    private static func find(_ sought: [UInt8], in bytes: [UInt8]) -> Int? {
        var index = bytes.startIndex
        while let found = bytes[index...].firstIndex(of: sought[0]) {
            guard found + sought.count <= bytes.count else { return nil }
            if bytes[found..<found + sought.count].elementsEqual(sought) { return found }
            index = found + 1
        }
        return nil
    }

    /// Reads a part's headers; they begin with the end of the boundary's line.
    private static func part(_ headers: String) throws(Problem) -> Event {
        var field: (name: String, filename: String?)?
        for line in headers.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else {
                throw Problem(message: "a part has a header without a colon")
            }
            let value = line[line.index(after: colon)...].trimmed
            switch line[..<colon].lowercased() {
            case "content-disposition":
                let list = parameters(value[...])
                guard field == nil, value.lowercased().hasPrefix("form-data"),
                    let name = list.first(where: { $0.name == "name" })?.value
                else { throw Problem(message: "a part's Content-Disposition is not that of a form's field") }
                field = (name, list.first { $0.name == "filename" }?.value)
            case "content-transfer-encoding":
                guard ["binary", "7bit", "8bit"].contains(value.lowercased()) else {
                    throw Problem(message: "a part has a Content-Transfer-Encoding: send its bytes as they are")
                }
            default: continue
            }
        }
        guard let field else { throw Problem(message: "a part has no Content-Disposition") }
        return .part(name: field.name, filename: field.filename)
    }

    /// The parameters behind a header's value: `; name=value; name="value"`.
    private static func parameters(_ text: Substring) -> [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        var rest = text.drop { $0 != ";" }
        while rest.popFirst() == ";" {
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(name.count)
            guard rest.popFirst() == "=" else { break }
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character == "\\" ? rest.popFirst() ?? character : character)
                }
                rest = rest.drop { $0 != ";" }
            } else {
                let token = rest.prefix { $0 != ";" }
                rest = rest.dropFirst(token.count)
                value = token.trimmed
            }
            found.append((name.trimmed.lowercased(), value))
        }
        return found
    }
}

extension StringProtocol {
    /// Without blanks at both ends.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let end = drop(while: isBlank)
        return String(end.reversed().drop(while: isBlank).reversed())
    }
}
