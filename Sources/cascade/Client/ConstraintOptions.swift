internal import ArgumentParser
internal import CascadeConstraint
internal import CascadeCore
internal import CascadeHost

/// What the answer's text has to be.
struct ConstraintOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Only answers that a grammar allows: a file with rules in GBNF, llama.cpp's notation, which begins at the \
            rule named root.
            """,
            valueName: "file"
        )
    )
    var grammar: String?

    @Option(
        help: ArgumentHelp(
            "Only answers that are JSON of a schema: a file with a JSON schema.",
            valueName: "file"
        )
    )
    var jsonSchema: String?

    @Flag(help: "Only answers that are a JSON object.")
    var jsonObject = false

    func validate() throws {
        let given = [
            ("--grammar", grammar != nil), ("--json-schema", jsonSchema != nil), ("--json-object", jsonObject),
        ]
        .filter(\.1)
        if given.count > 1 { throw ValidationError("\(given[0].0) and \(given[1].0) exclude each other") }
    }

    /// The constraint; nil where none is asked for.
    ///
    /// - Throws: a usage error that says what is wrong with the file's text; a failure where it cannot be read.
    func constraint() throws(CommandFailure) -> OutputConstraint? {
        if jsonObject { return .jsonObject }
        guard let path = grammar ?? jsonSchema else { return nil }
        let constraint = OutputConstraint(grammar == nil ? .jsonSchema : .grammar, try Self.text(of: path))
        if let problem = JobLimits.standard.problem(of: constraint) { throw .usage("\(path): \(problem)") }
        do throws(GrammarError) {
            _ = try Grammar(constraint)
            return constraint
        } catch {
            throw .usage("\(path): \(error.message)")
        }
    }

    private static func text(of path: String) throws(CommandFailure) -> String {
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileAccess.read(path, limit: JobLimits.standard.constraintBytes)
        } catch {
            throw .failed("\(error)")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .usage("\(path): the file is not UTF-8: write it as such")
        }
        return text
    }
}
