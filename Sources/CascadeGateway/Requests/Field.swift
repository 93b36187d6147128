import CascadeJSON

/// A value of a request together with its path, such as `messages[2].role`, which every complaint names.
struct Field {
    /// Where the value stands.
    let path: String
    /// The value; null where the request has none.
    let value: JSONValue

    /// Whether the request says anything here.
    var isPresent: Bool { value != .null }

    private func wrong(_ expected: String) -> GatewayError {
        .parameter(path, "has to be \(expected), not \(value.kind)", code: "invalid_type")
    }

    /// The field of this name of an object; the path of a request itself is empty.
    subscript(name: String) -> Field {
        let inner = path.isEmpty ? name : "\(path).\(name)"
        guard case .object(let members) = value else { return Field(path: inner, value: .null) }
        return Field(path: inner, value: members.first { $0.key == name }?.value ?? .null)
    }

    /// The value; throws where there is none.
    func required() throws(GatewayError) -> Field {
        guard isPresent else { throw .missing(path) }
        return self
    }

    /// A string, or nil.
    func string() throws(GatewayError) -> String? {
        switch value {
        case .null: nil
        case .string(let text): text
        default: throw wrong("a string")
        }
    }

    /// A string that has to be there.
    func requiredString() throws(GatewayError) -> String {
        guard let text = try string() else { throw .missing(path) }
        return text
    }

    /// A boolean, or nil.
    func bool() throws(GatewayError) -> Bool? {
        switch value {
        case .null: nil
        case .bool(let value): value
        default: throw wrong("true or false")
        }
    }

    /// A finite number within `range`, or nil. `words` say the range where an end is not part of it.
    func double(in range: ClosedRange<Double>, _ words: String? = nil) throws(GatewayError) -> Double? {
        guard isPresent else { return nil }
        guard case .number(let digits) = value, let number = Double(digits) else { throw wrong("a number") }
        guard number.isFinite, range.contains(number) else {
            throw .parameter(
                path,
                "has to be \(words ?? "between \(range.lowerBound) and \(range.upperBound)"), not \(digits)"
            )
        }
        return number
    }

    /// A whole number within `range`, or nil.
    func integer<Number: FixedWidthInteger>(in range: ClosedRange<Number>) throws(GatewayError) -> Number? {
        guard isPresent else { return nil }
        guard case .number(let digits) = value else { throw wrong("a whole number") }
        // `2.0` and `1e3` are whole numbers too.
        guard let number = Number(digits) ?? Double(digits).flatMap({ Number(exactly: $0) }), range.contains(number)
        else {
            throw .parameter(
                path,
                "has to be a whole number from \(range.lowerBound) to \(range.upperBound), not \(digits)"
            )
        }
        return number
    }

    /// The elements of an array of at most `most`, or nil.
    func array(most: Int) throws(GatewayError) -> [Field]? {
        guard isPresent else { return nil }
        guard case .array(let elements) = value else { throw wrong("an array") }
        guard elements.count <= most else {
            throw .parameter(path, "has \(elements.count) elements, and at most \(most) are allowed")
        }
        return elements.enumerated().map { Field(path: "\(path)[\($0.offset)]", value: $0.element) }
    }

    /// The fields of an object of at most `most`, or nil.
    func object(most: Int = .max) throws(GatewayError) -> [(key: String, field: Field)]? {
        guard isPresent else { return nil }
        guard case .object(let members) = value else { throw wrong("an object") }
        guard members.count <= most else {
            throw .parameter(path, "has \(members.count) keys, and at most \(most) are allowed")
        }
        return members.map { member in
            (member.key, Field(path: path.isEmpty ? member.key : "\(path).\(member.key)", value: member.value))
        }
    }

    /// One of the names of an enumeration, or nil.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _: Choice.Type = Choice.self
    ) throws(GatewayError) -> Choice? where Choice.RawValue == String {
        guard let name = try string() else { return nil }
        guard let choice = Choice(rawValue: name) else {
            let names = Choice.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw .parameter(path, "has to be one of \(names), not '\(name)'")
        }
        return choice
    }
}

extension Field {
    /// The body of a request, which has to be an object.
    init(request body: JSONValue) throws(GatewayError) {
        guard case .object = body else {
            throw GatewayError(status: 400, code: "invalid_type", message: "The body has to be a JSON object.")
        }
        self.init(path: "", value: body)
    }
}
