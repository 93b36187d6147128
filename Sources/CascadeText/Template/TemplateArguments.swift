/// The evaluated arguments of a call.
struct TemplateArguments {
    var positional: [TemplateValue] = []
    var keyword: [(name: String, value: TemplateValue)] = []

    /// The values of the named parameters, nil where one is not given; refuses what has no parameter.
    func bind(_ names: String...) throws(TemplateError) -> [TemplateValue?] {
        guard positional.count <= names.count else {
            throw .evaluation("\(positional.count) arguments, at most \(names.count)")
        }
        var values: [TemplateValue?] = positional
        values += Array(repeating: nil, count: names.count - positional.count)
        for (name, value) in keyword {
            guard let index = names.firstIndex(of: name) else { throw .unsupported("the argument '\(name)'") }
            guard values[index] == nil else { throw .evaluation("the argument '\(name)' is given twice") }
            values[index] = value
        }
        return values
    }
}

extension TemplateValue {
    /// The value as a string, where it is one.
    func string(_ what: String) throws(TemplateError) -> TemplateString {
        guard case .string(let text) = self else { throw .evaluation("\(what) must be a string, not \(typeName)") }
        return text
    }

    /// The value as an integer, where it is one.
    func integer(_ what: String) throws(TemplateError) -> Int {
        guard let index else { throw .evaluation("\(what) must be an integer, not \(typeName)") }
        return index
    }
}
