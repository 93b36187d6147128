import Foundation
import HTTPTypes
import Testing

@testable import CascadeGateway

/// The page, and what it asks for beside completions.
struct PageTests {
    @Test func thePageIsServedWithItsFiles() async throws {
        let harness = try Harness()
        let page = try await harness.send(.get, "/")
        #expect(page.status == 200)
        #expect(page.headers[.contentType] == "text/html; charset=utf-8")
        #expect(page.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'self'") == true)
        // Whatever the page loads is there, as what it is.
        let names = page.text.matches(of: #/(?:src|href)="(?:\./)?([a-z]+\.(?:js|css|svg))"/#).map { String($0.1) }
        #expect(names.count >= 3, "\(names)")
        for name in names {
            let file = try await harness.send(.get, "/\(name)")
            #expect(file.status == 200, "\(name)")
        }
        #expect(try await harness.send(.get, "/app.js").headers[.contentType] == "text/javascript; charset=utf-8")
        #expect(try await harness.send(.get, "/nothing.js").status == 404)
    }

    @Test func reportsAreThoseOfTheBackend() async throws {
        let harness = try Harness()
        for (path, report) in [
            ("/cascade/v1/status", "status"), ("/cascade/v1/nodes", "nodes"),
            ("/cascade/v1/jobs?limit=7", "jobs(limit: 7)"), ("/cascade/v1/jobs?limit=0", "jobs(limit: 1)"),
        ] {
            let answer = try await harness.send(.get, path)
            #expect(answer.status == 200)
            #expect(answer.text == "{\"report\": \"\(report)\", \"owner\": \"\"}")
        }
        #expect(try await harness.send(.post, "/cascade/v1/jobs/job-1/cancel", "{}").status == 200)
        #expect(try await harness.send(.post, "/cascade/v1/jobs/job-2/cancel", "{}").status == 404)
        #expect(try await harness.send(.get, "/cascade/v1/jobs/job-1/cancel").status == 405)
    }
}
