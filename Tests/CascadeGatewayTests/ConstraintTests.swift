import CascadeCore
import CascadeJSON
import Testing

@testable import CascadeGateway

/// What requests say of the form of their answers.
struct ConstraintTests {
    private func constraint(_ fields: String) throws -> CompletionRequest.Constraint? {
        let body = try JSONParser.parse(Array(#"{"model":"m","prompt":"x",\#(fields)}"#.utf8))
        let call = try CompletionCall(kind: .text, body: body, limits: RequestLimits(), owner: nil)
        return call.requests[0].constraint
    }

    @Test(
        arguments: [
            (#""response_format":{"type":"text"}"#, nil), (#""guided_json":null"#, nil),
            (#""structured_outputs":{}"#, nil),
            (#""response_format":{"type":"json_object"}"#, .jsonObject),
            (
                #""response_format":{"type":"json_schema","json_schema":{"name":"b","schema":{"type": "boolean"}}}"#,
                .jsonSchema(#"{"type":"boolean"}"#)
            ),
            (#""guided_json":{"type":"object"}"#, .jsonSchema(#"{"type":"object"}"#)),
            (#""guided_json":"{}""#, .jsonSchema("{}")),
            (#""guided_grammar":"root ::= [a]""#, .grammar("root ::= [a]")),
            (#""structured_outputs":{"json":true}"#, .jsonSchema("true")),
            (#""structured_outputs":{"grammar":"root ::= [a]"}"#, .grammar("root ::= [a]")),
            (#""structured_outputs":{"json_object":true}"#, .jsonObject),
        ] as [(String, CompletionRequest.Constraint?)]
    )
    func whatIsAskedFor(fields: String, expected: CompletionRequest.Constraint?) throws {
        #expect(try constraint(fields) == expected)
    }

    @Test(arguments: [
        (#""response_format":{"type":"xml"}"#, "response_format.type"),
        (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
        (#""response_format":{"type":"json_schema","json_schema":{}}"#, "response_format.json_schema.schema"),
        (#""guided_json":[1]"#, "guided_json"), (#""guided_grammar":{}"#, "guided_grammar"),
        (#""structured_outputs":{"regex":"a"}"#, "structured_outputs.regex"),
        (#""guided_grammar":"root ::= [a]","response_format":{"type":"json_object"}"#, "guided_grammar"),
    ])
    func whatIsRefused(fields: String, parameter: String) throws {
        do {
            _ = try constraint(fields)
            Issue.record("\(fields) was read")
        } catch let error as GatewayError {
            #expect(error.status == 400 && error.param == parameter, "\(error)")
        }
    }
}
