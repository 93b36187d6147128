internal import ArgumentParser
internal import CascadeCore
internal import CascadeHost
internal import CascadeModel
internal import CascadeNode
internal import CascadeTemplate
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

    @Flag(help: "Wrap the text in the model's chat template.")
    var chat = false

    @Flag(
        help: """
            With --chat, read control tokens that are written in the text, such as <|im_end|>, as control tokens. \
            Without --chat they always are, unless a case says otherwise.
            """
    )
    var parseSpecial = false

    @Option(help: ArgumentHelp("With --chat, this template instead of the model's own.", valueName: "file"))
    var chatTemplate: String?

    @Flag(help: "Print JSON: one object, or an array with --cases.")
    var json = false

    func validate() throws {
        if cases != nil, text != nil { throw ValidationError("--cases and a text exclude each other") }
    }

    /// The cases, and whether they came from a file (then the answer is an array).
    func read() throws -> (cases: [Case], isArray: Bool) {
        guard let cases else {
            return ([Case(text: try PromptInput.read(text))], false)
        }
        let limit = 256 << 20
        do {
            let data =
                cases == "-"
                ? try PromptInput.standardInput(limit: limit, what: "the cases", wayOut: "in a file: --cases FILE")
                : try FileAccess.read(cases, limit: limit)
            return (try JSONDecoder().decode([Case].self, from: Data(data)), true)
        } catch let error as DecodingError {
            throw CommandFailure.failed("\(cases) is not a file of cases: \(SystemError.words(error))")
        } catch let error as SystemError {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// The tokens of each case. Control tokens in a text count as such unless the case, or --chat, says otherwise.
    func tokens(of cases: [Case], file: GGUFFile, tokenizer: Tokenizer) throws -> [[Token]] {
        guard chat else {
            return cases.map { tokenizer.encode($0.text, parseSpecial: $0.parse_special ?? true, addBOS: $0.add_bos) }
        }
        let template = try chatTemplate.map(ChatTemplateFile.read)
        let prompts = try PromptTokenizer(path: file.path)
        return try cases.map { item in
            do throws(PromptError) {
                return try prompts.encode(
                    prompt: Array(item.text.utf8),
                    format: .chat,
                    parsesSpecial: item.parse_special ?? parseSpecial,
                    localSeconds: LocalClock.seconds(),
                    template: template
                ) ?? []
            } catch {
                throw CommandFailure.failed(
                    "\(error); leave --chat out to take the text as it is, or name a template with --chat-template"
                )
            }
        }
    }

    /// A model file and its tokenizer, whether or not the model can be served.
    func openTokenizer() throws -> (file: GGUFFile, tokenizer: Tokenizer) {
        let path = try ModelLocation.resolve(model)
        do {
            let file = try GGUFFile(path: path)
            return (file, try Tokenizer(file.tokenizerDefinition()))
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// The model file, checked.
    func open() throws -> ServableModel {
        let path = try ModelLocation.resolve(model)
        do throws(ModelError) {
            return try ServableModel(path: path)
        } catch {
            throw CommandFailure.failed("\(error)")
        }
    }

    /// Shows one answer per case.
    func show(_ answers: [some Encodable], isArray: Bool) throws {
        if isArray { try Output.json(answers) } else if let answer = answers.first { try Output.json(answer) }
    }
}
