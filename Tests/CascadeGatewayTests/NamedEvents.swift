import CascadeJSON
import Foundation
import Testing

@testable import CascadeGateway

extension Answer {
    /// The events of a stream whose events have names: each with the data, which repeats the name as its type.
    func namedEvents() throws -> [JSONValue] {
        #expect(text.hasSuffix("\n\n"))
        return try text.components(separatedBy: "\n\n").dropLast().map { block in
            let lines = block.components(separatedBy: "\n")
            try #require(lines.count == 2 && lines[0].hasPrefix("event: ") && lines[1].hasPrefix("data: "))
            let data = try JSONParser.parse(Array(lines[1].dropFirst(6).utf8))
            #expect(data.at("type") == .string(String(lines[0].dropFirst(7))))
            return data
        }
    }
}

extension [JSONValue] {
    /// The types of events.
    var types: [String] {
        map { event in
            guard case .string(let type) = event.at("type") else { return "" }
            return type
        }
    }
}
