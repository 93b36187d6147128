import CascadeJSON
import HTTPTypes
import Testing

@testable import CascadeGateway

/// Pages elsewhere cannot use a local gateway.
@Suite struct OriginTests {
    private func policy(_ hosts: Set<String> = [], _ origins: Set<String> = [], checksHost: Bool = true) -> OriginPolicy
    {
        OriginPolicy(allowedHosts: hosts, corsOrigins: origins, checksHost: checksHost)
    }

    private func head(host: String?, origin: String? = nil) -> HTTPRequest {
        var head = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/health")
        head.headerFields[.origin] = origin
        return head
    }

    @Test(arguments: [
        "localhost", "LOCALHOST:8080", "app.localhost:1", "localhost.", "127.0.0.1:8080", "192.168.7.1", "[::1]:8080",
        "[::1]",
        "[fd00::7]:80", "gateway:8080",
    ])
    func hostsThatAreAllowed(_ host: String) throws {
        #expect(try policy(["gateway"]).check(head(host: host)) == [:])
    }

    @Test(arguments: [
        "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost",
        "1.2.3",
        "", "[evil]",
    ])
    func hostsThatAreNot(_ host: String) throws {
        #expect(throws: GatewayError.foreignHost) { try policy(["gateway"]).check(head(host: host)) }
        #expect(try policy(["*"]).check(head(host: host)) == [:])
        #expect(try policy(checksHost: false).check(head(host: host)) == [:])
    }

    @Test func origins() throws {
        let host = "127.0.0.1:8080"
        #expect(try policy().check(head(host: host, origin: "http://127.0.0.1:8080")) == [:])
        for origin in ["http://127.0.0.1:9090", "https://evil.example", "null", "http://evil.example/127.0.0.1"] {
            #expect(throws: GatewayError.foreignOrigin) { try policy().check(head(host: host, origin: origin)) }
        }
        let chat = "https://chat.example"
        let allowed = try policy([], [chat]).check(head(host: host, origin: chat))
        #expect(allowed[.accessControlAllowOrigin] == chat)
        #expect(allowed[.vary] == "Origin")
        #expect(throws: GatewayError.foreignOrigin) {
            try policy([], [chat]).check(head(host: host, origin: "https://chat.example.evil"))
        }
        #expect(try policy([], ["*"]).check(head(host: host, origin: "null"))[.accessControlAllowOrigin] == "*")
    }

    @Test func pagesElsewhereGetNothing() async throws {
        let backend = FakeBackend()
        let harness = try Harness(backend)
        let answer = try await harness.chat(headers: [.origin: "https://evil.example"])
        #expect(answer.status == 403)
        #expect(try answer.error("code") == "origin_not_allowed")
        #expect(answer.headers[.accessControlAllowOrigin] == nil)
        #expect(backend.requests.isEmpty)
    }

    @Test func pagesThatAreAllowed() async throws {
        let harness = try Harness { $0.corsOrigins = ["https://Chat.example"] }
        let origin: HTTPFields = [.origin: "https://chat.example"]
        var asking = origin
        asking[.accessControlRequestMethod] = "POST"
        asking[.accessControlRequestHeaders] = "authorization, x-stainless-os"
        let preflight = try await harness.send(.options, "/v1/chat/completions", headers: asking)
        #expect(preflight.status == 204)
        #expect(preflight.headers[.accessControlAllowOrigin] == "https://chat.example")
        #expect(preflight.headers[.accessControlAllowMethods] == "GET, POST, OPTIONS")
        #expect(preflight.headers[.accessControlAllowHeaders] == "authorization, x-stainless-os")
        let answer = try await harness.chat(headers: origin)
        #expect(answer.status == 200)
        #expect(answer.headers[.accessControlAllowOrigin] == "https://chat.example")
        // Errors can be read too.
        let wrong = try await harness.chat(#""n":0"#, headers: origin)
        #expect(wrong.status == 400)
        #expect(wrong.headers[.accessControlAllowOrigin] == "https://chat.example")
    }

    @Test(arguments: ["127.0.0.1", "127.8.8.8", "localhost", "::1", "0:0:0:0:0:0:0:1"])
    func loopback(_ host: String) {
        #expect(ListenPolicy.isLoopback(host))
        #expect(ListenPolicy.problem(host: host, hasKeys: false, isInsecure: false) == nil)
    }

    @Test(arguments: ["0.0.0.0", "::", "192.168.7.1", "gateway.example", "128.0.0.1", "127.0.0.1.example"])
    func beyondLoopback(_ host: String) {
        #expect(ListenPolicy.problem(host: host, hasKeys: false, isInsecure: false)?.contains("--api-keys") == true)
        #expect(ListenPolicy.problem(host: host, hasKeys: true, isInsecure: false) == nil)
        #expect(ListenPolicy.problem(host: host, hasKeys: false, isInsecure: true) == nil)
        #expect(throws: GatewayStartError.self) { try Harness { $0.host = host } }
    }
}
