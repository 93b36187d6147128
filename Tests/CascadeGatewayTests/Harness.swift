import CascadeJSON
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing

@testable import CascadeGateway

/// An answer, read.
struct Answer {
    var status: Int
    var headers: HTTPFields
    var text: String

    /// The body as JSON; fails the test where it is none.
    func json() throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    /// `error.param`, `error.code` …
    func error(_ name: String) throws -> JSONValue { try json().at("error", name) }

    /// The data of each event of a stream; every line has to belong to an event or a comment.
    func events() throws -> [String] {
        #expect(text.hasSuffix("\n\n"))
        return try text.components(separatedBy: "\n\n").dropLast().compactMap { block in
            #expect(!block.contains("\n"))
            if block.hasPrefix(":") { return nil }
            try #require(block.hasPrefix("data: "))
            return String(block.dropFirst(6))
        }
    }

    /// The chunks of a stream before `[DONE]`, which has to be there.
    func chunks() throws -> [JSONValue] {
        var events = try events()
        #expect(events.popLast() == "[DONE]")
        return try events.map { try JSONParser.parse(Array($0.utf8)) }
    }
}

extension JSONValue {
    /// The value behind names and indexes; null where there is none.
    func at(_ path: any Sendable...) -> JSONValue {
        path.reduce(self) { value, step in
            switch (value, step) {
            case (.object(let members), let name as String): members.first { $0.key == name }?.value ?? .null
            case (.array(let elements), let index as Int): elements.indices.contains(index) ? elements[index] : .null
            default: .null
            }
        }
    }

    /// The keys of an object.
    var keys: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.key)
    }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A gateway without a socket.
struct Harness: Sendable {
    let gateway: Gateway

    init(_ backend: FakeBackend = FakeBackend(), _ change: (inout GatewayConfiguration) -> Void = { _ in }) throws {
        var configuration = GatewayConfiguration()
        configuration.port = 0
        change(&configuration)
        gateway = try Gateway(backend: backend, configuration: configuration, logger: quiet)
    }

    /// Sends one request.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ body: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if body != nil, headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await gateway.application().test(.router) { [headers] client in
            try await client.execute(
                uri: path,
                method: method,
                headers: headers,
                body: body.map { ByteBuffer(string: $0) }
            ) { response in
                Answer(
                    status: response.status.code,
                    headers: response.headers,
                    text: String(buffer: response.body)
                )
            }
        }
    }

    /// Asks for a chat; `fields` are further members of the body.
    func chat(_ fields: String = "", headers: HTTPFields = [:]) async throws -> Answer {
        let body =
            #"{"model":"default","messages":[{"role":"user","content":"Hi"}]\#(fields.isEmpty ? "" : ",")\#(fields)}"#
        return try await send(.post, "/v1/chat/completions", body, headers: headers)
    }

    /// Asks for a text; `fields` are further members of the body.
    func complete(_ fields: String = "") async throws -> Answer {
        try await send(.post, "/v1/completions", #"{"prompt":"Once"\#(fields.isEmpty ? "" : ",")\#(fields)}"#)
    }
}
