internal import ArgumentParser
internal import CascadeCore
internal import CascadeModel
internal import CascadeText
internal import Foundation

/// The texts a model verb works on: one on the command line or standard input, or a file of many.
struct ModelCases: ParsableArguments {
    /// One entry of a cases file.
    struct Case: Decodable {
        var text: String
        var parse_special: Bool?
        var add_bos: Bool?
        var max_tokens: Int?
    }

    @Option(help: "The model: a GGUF file, or a name that 'cascade model fetch' knows and has fetched.")
    var model: String

    @Option(help: "A JSON array of {\"text\", \"parse_special\", \"add_bos\", \"max_tokens\"}; '-' is standard input.")
    var cases: String?

    @Argument(help: "The text; '-' or nothing reads standard input.")
    var text: String?

    @Flag(help: "Print JSON: one object, or an array with --cases.")
    var json = false

    func validate() throws {
        if cases != nil, text != nil { throw ValidationError("--cases and a text exclude each other") }
    }

    /// The cases, and whether they came from a file (then the answer is an array).
    func read() throws -> (cases: [Case], isArray: Bool) {
        guard let cases else {
            return ([Case(text: String(decoding: try PromptInput.read(text), as: UTF8.self))], false)
        }
        do {
            let data =
                cases == "-"
                ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(filePath: cases))
            return (try JSONDecoder().decode([Case].self, from: data), true)
        } catch {
            throw CommandFailure.failed("cannot read the cases of \(cases): \(error)")
        }
    }

    /// The model file and its tokenizer.
    func open() throws -> (file: GGUFFile, tokenizer: Tokenizer) {
        let path = try ModelLocation.resolve(model)
        do {
            let file = try GGUFFile(path: path)
            return (file, try Tokenizer(try file.tokenizerDefinition()))
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// Prints one answer per case.
    func print(_ answers: [some Encodable], isArray: Bool) throws {
        if isArray { try Output.json(answers) } else if let answer = answers.first { try Output.json(answer) }
    }
}

extension Tokenizer {
    /// The tokens of a case; control tokens in the text count as such unless the case says otherwise.
    func encode(_ item: ModelCases.Case) -> [Token] {
        encode(item.text, parseSpecial: item.parse_special ?? true, addBOS: item.add_bos)
    }
}
