import Foundation
import Testing

@testable import CascadeGateway

/// Bodies of type multipart/form-data: what clients send, in any pieces, and what nobody should.
@Suite struct MultipartTests {
    private let form =
        "--b1\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
        + "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".jsonl\"\r\n"
        + "Content-Type: application/jsonl\r\n\r\none\r\n--b\r\n\r\n\r\n--b1 two\r\n--b1--\r\n"

    /// Joins the bytes of each field.
    private func read(_ text: String, pieces: Int, boundary: String = "b1") throws -> [String] {
        var parser = MultipartParser(boundary: boundary)
        var fields: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            for event in try parser.feed(bytes[start..<min(start + pieces, bytes.count)]) {
                switch event {
                case .part(let name, let filename): fields.append("\(name)|\(filename ?? "-")|")
                case .bytes(let bytes): fields[fields.count - 1] += String(decoding: bytes, as: UTF8.self)
                case .end: fields[fields.count - 1] += "."
                }
            }
        }
        try parser.finish()
        return fields
    }

    /// A delimiter's beginning within a field is content.
    @Test(arguments: [1, 2, 3, 7, 16, 1_000])
    func readsAFormInPiecesOfAnySize(_ pieces: Int) throws {
        let nearly = form.replacing("--b1 two", with: "--b2 two")
        let fields = try read(nearly, pieces: pieces)
        #expect(fields == ["purpose|-|batch.", "file|a \"b\".jsonl|one\r\n--b\r\n\r\n\r\n--b2 two."])
    }

    @Test func emptyFields() throws {
        let text = "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b1--"
        for pieces in [1, 5, 100] { #expect(try read(text, pieces: pieces) == ["a|-|."]) }
    }

    @Test(arguments: [
        "", "hello", "--b1", "--b2\r\n", "--b1\r\n\r\nx\r\n--b1--", "--b1\r\nContent-Type: a\r\n\r\nx\r\n--b1--",
        "--b1\r\nno colon\r\n\r\nx\r\n--b1--", "--b1\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b1--",
        "--b1\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b1--",
        "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnever ends",
        "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b1--",
        "preamble\r\n--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b1--",
        "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b1?\r\n",
    ])
    func refusesWhatIsNoForm(_ text: String) {
        for pieces in [1, 1_000] {
            #expect(throws: MultipartParser.Problem.self) { try read(text, pieces: pieces) }
        }
    }

    @Test func boundsOfHeadersAndParts() {
        let long = "--b1\r\nX: \(String(repeating: "a", count: 20_000))"
        #expect(throws: MultipartParser.Problem.self) { try read(long, pieces: 1_000) }
        let part = "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n"
        let many = String(repeating: part, count: 33) + "--b1--"
        #expect(throws: MultipartParser.Problem.self) { try read(many, pieces: 1_000) }
    }

    @Test func boundaries() {
        #expect(MultipartParser.boundary(of: "multipart/form-data; boundary=abc") == "abc")
        #expect(MultipartParser.boundary(of: "Multipart/Form-Data; charset=x; Boundary=\"a b\"") == "a b")
        for type in [
            "multipart/form-data", "application/json; boundary=a", "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\(String(repeating: "a", count: 71))", "multipart/form-data; boundary=é",
            "multipart/form-data; boundary=\"a ",
        ] { #expect(MultipartParser.boundary(of: type) == nil, "\(type)") }
    }

    /// No bytes trap, and content never comes before a name.
    @Test func bytesAtRandom() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("-b1\r\n:;=\" ".utf8) + Array("Content-Disposition: form-data; name=a".utf8)
        for _ in 0..<2_000 {
            var bytes = Array("--b1\r\n".utf8)
            for _ in 0..<Int.random(in: 0..<200, using: &random) { bytes.append(alphabet.randomElement() ?? 0) }
            var parser = MultipartParser(boundary: "b1")
            var isIn = false
            for event in (try? parser.feed(bytes)) ?? [] {
                switch event {
                case .part: isIn = true
                case .bytes, .end: #expect(isIn)
                }
                if event == .end { isIn = false }
            }
        }
    }
}
