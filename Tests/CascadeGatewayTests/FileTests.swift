import CascadeJSON
import Foundation
import HTTPTypes
import Testing

@testable import CascadeGateway

/// Files: their life, their owners, their bounds.
@Suite struct FileTests {
    @Test func itsLife() async throws {
        try await BatchHarness.withFolder { folder in
            let service = try BatchHarness(FakeBackend(), folder: folder)
            let content = String(repeating: "line\r\n", count: 50_000)
            let answer = try await service.upload(form: BatchHarness.form(content)).json()
            #expect(answer.at("bytes") == .integer(content.utf8.count) && answer.at("filename") == "in.jsonl")
            #expect(answer.at("object") == "file" && answer.at("purpose") == "batch")
            guard case .string(let id) = answer.at("id") else { throw TooLate() }
            #expect(try await service.send(.get, "/v1/files/\(id)").json() == answer)
            #expect(try await service.send(.get, "/v1/files/\(id)/content").text == content)
            let second = try await service.upload("x")
            let newest = try await service.send(.get, "/v1/files?limit=1").json()
            #expect(newest.at("data", 0, "id") == .string(second) && newest.at("has_more") == true)
            let rest = try await service.send(.get, "/v1/files?after=\(second)").json()
            #expect(rest.at("data", 0, "id") == .string(id) && rest.at("has_more") == false)
            #expect(try await service.send(.get, "/v1/files?order=asc").json().at("data", 0, "id") == .string(id))
            let gone = try await service.send(.delete, "/v1/files/\(id)")
            #expect(try gone.json() == ["id": .string(id), "object": "file", "deleted": true])
            for path in ["", "/content"] {
                #expect(try await service.send(.get, "/v1/files/\(id)\(path)").status == 404)
            }
            #expect(try await service.send(.delete, "/v1/files/\(id)").status == 404)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/files") == [second])
        }
    }

    /// What is refused leaves nothing behind.
    @Test func bounds() async throws {
        try await BatchHarness.withFolder { folder in
            let service = try BatchHarness(FakeBackend(), folder: folder) {
                ($0.batches.mostFileBytes, $0.batches.mostOwnerBytes, $0.batches.mostOwnerFiles) = (1_000, 1_500, 3)
            }
            let large = try await service.upload(form: BatchHarness.form(String(repeating: "x", count: 1_001)))
            #expect(try large.status == 413 && large.error("code") == "file_too_large")
            _ = try await service.upload(String(repeating: "x", count: 1_000))
            let much = try await service.upload(form: BatchHarness.form(String(repeating: "x", count: 501)))
            #expect(try much.status == 413 && much.error("code") == "storage_full")
            for _ in 0..<2 { _ = try await service.upload("x") }
            #expect(try await service.upload(form: BatchHarness.form("x")).status == 413)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/files").count == 3)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/uploads").isEmpty)
        }
    }

    @Test func hostileForms() async throws {
        try await BatchHarness.withFolder { folder in
            let service = try BatchHarness(FakeBackend(), folder: folder)
            let file = "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x\"\r\n\r\nx\r\n"
            let purpose = "--cut\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n"
            for form in [
                "", "x", file, file + "--cut--", "\(purpose)batch\r\n--cut--", "\(purpose)fine-tune\r\n\(file)--cut--",
                file + file + "\(purpose)batch\r\n--cut--",
                "\(purpose)\(String(repeating: "x", count: 70_000))\r\n--cut--",
                "--cut\r\nContent-Disposition: form-data; name=\"expires_after[anchor]\"\r\n\r\nx\r\n--cut--",
            ] {
                let status = try await service.upload(form: form).status
                #expect(status == 400 || status == 413, "\(form.prefix(200)): \(status)")
            }
            #expect(try await service.send(.post, "/v1/files", "{}").status == 415)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/files").isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/uploads").isEmpty)
            // A name is a name, not a place.
            let named = try await service.upload(form: "\(file)\(purpose)batch\r\n--cut--").json()
            #expect(named.at("filename") == "../../x")
            for id in ["..%2Fbatches.sqlite", "..", "lock"] {
                #expect(try await service.send(.get, "/v1/files/\(id)/content").status == 404)
            }
        }
    }

    /// Nobody sees, uses or ends what is another owner's.
    @Test func owners() async throws {
        try await BatchHarness.withFolder { folder in
            let keys = "\(folder)-keys"
            try Data("first-key-0123456789 one\nsecond-key-0123456789 two jobs=1 requests-per-minute=6000".utf8)
                .write(to: URL(filePath: keys))
            defer { try? FileManager.default.removeItem(atPath: keys) }
            let store = try APIKeyStore(path: keys)
            let backend = FakeBackend()
            var one = try BatchHarness(backend, folder: folder) { $0.keys = store }
            var two = one
            #expect(try await one.send(.get, "/v1/files").status == 401)
            one.headers = [.authorization: "Bearer first-key-0123456789"]
            two.headers = [.authorization: "Bearer second-key-0123456789"]
            let (first, second) = (one, two)
            try await first.run {
                let id = try await second.begin((0..<8).map { BatchHarness.line("\($0)") })
                let batch = try await second.wait(id, "completed")
                // One job at a time is this key's limit: lines wait for each other.
                #expect(try await second.lines(batch, "output_file_id").count == 8)
                #expect(Set(backend.requests.map(\.owner)) == ["two"])
                guard case .string(let input) = batch.at("input_file_id"),
                    case .string(let output) = batch.at("output_file_id")
                else { throw TooLate() }
                for path in ["/v1/files/\(input)", "/v1/files/\(output)/content", "/v1/batches/\(id)"] {
                    #expect(try await first.send(.get, path).status == 404)
                    #expect(try await second.send(.get, path).status == 200)
                }
                #expect(try await first.send(.delete, "/v1/files/\(input)").status == 404)
                #expect(try await first.send(.post, "/v1/batches/\(id)/cancel").status == 404)
                #expect(try await first.post(input).status == 400)
                for path in ["/v1/files", "/v1/batches"] {
                    #expect(try await first.send(.get, path).json().at("data") == [])
                    #expect(try await second.send(.get, path).json().at("data") != [])
                }
                #expect(try await first.send(.get, "/v1/batches?after=\(id)").status == 404)
            }
        }
    }

    @Test func wrongBatches() async throws {
        try await BatchHarness.withFolder { folder in
            let service = try BatchHarness(FakeBackend(), folder: folder) { $0.batches.mostOpenBatches = 2 }
            let file = try await service.upload(BatchHarness.line("a"))
            for (name, body) in [
                ("endpoint", #"{"input_file_id":"\#(file)","completion_window":"24h"}"#),
                ("endpoint", #"{"input_file_id":"\#(file)","completion_window":"24h","endpoint":"/v1/embeddings"}"#),
                (
                    "completion_window",
                    #"{"input_file_id":"\#(file)","completion_window":"1h","endpoint":"/v1/completions"}"#
                ),
                (
                    "input_file_id",
                    #"{"input_file_id":"file-0","completion_window":"24h","endpoint":"/v1/completions"}"#
                ),
            ] {
                let answer = try await service.send(.post, "/v1/batches", body)
                #expect(try answer.status == 400 && answer.error("param") == .string(name), "\(answer.text)")
            }
            #expect(try await service.post(file, #","metadata":{"a":1}"#).status == 400)
            // Nobody works on these.
            for _ in 0..<2 { #expect(try await service.post(file).status == 200) }
            #expect(try await service.post(file).status == 429)
            let busy = try await service.send(.delete, "/v1/files/\(file)")
            #expect(try busy.status == 409 && busy.error("code") == "file_in_use")
            let listed = try await service.send(.get, "/v1/batches?limit=1").json()
            #expect(listed.at("has_more") == true && listed.at("data", 0, "status") == "validating")
            #expect(try await service.send(.get, "/v1/batches?limit=0").status == 400)
            #expect(try await service.send(.delete, "/v1/batches").status == 405)
        }
    }
}
