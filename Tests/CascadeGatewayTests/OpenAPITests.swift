import CascadeJSON
import HTTPTypes
import Testing

@testable import CascadeGateway

/// The document of the routes.
@Suite struct OpenAPITests {
    private func document() async throws -> JSONValue {
        let answer = try await Harness().send(.get, "/openapi.json")
        #expect(answer.status == 200 && answer.headers[.contentType] == "application/json")
        return try answer.json()
    }

    /// Each route is in the document with its methods, and nothing else is.
    @Test func routesAndDocumentAgree() async throws {
        let document = try await document()
        #expect(document.at("openapi") == "3.1.0")
        let paths = document.at("paths")
        let told = Set(paths.keys.flatMap { path in paths.at(path).keys.map { "\($0.uppercased()) \(path)" } })
        let served = Set(Route.all.flatMap { route in route.methods.map { "\($0) \(route.pattern)" } })
        #expect(told == served)
    }

    /// Every reference leads somewhere.
    @Test func referencesLeadSomewhere() async throws {
        let document = try await document()
        var count = 0
        func walk(_ value: JSONValue) {
            switch value {
            case .array(let elements): for element in elements { walk(element) }
            case .object(let members):
                for member in members {
                    guard member.key == "$ref", case .string(let path) = member.value else {
                        walk(member.value)
                        continue
                    }
                    count += 1
                    let found = path.split(separator: "/").dropFirst().reduce(document) { $0.at(String($1)) }
                    #expect(found != .null, "\(path)")
                }
            default: break
            }
        }
        walk(document)
        #expect(count > 100)
    }

    /// Routes that need no key say so, and no other does.
    @Test func keysInTheDocument() async throws {
        let paths = try await document().at("paths")
        for route in Route.all {
            for method in route.methods {
                let isOpen = paths.at(route.pattern, method.lowercased(), "security") == []
                #expect(isOpen == !route.needsKey, "\(method) \(route.pattern)")
            }
        }
    }
}
