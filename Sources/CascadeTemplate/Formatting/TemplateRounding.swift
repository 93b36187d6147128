/// Jinja's `round`.
enum TemplateRounding {
    /// A number rounded to a precision, half to the even digit; `ceil` and `floor` go up and down.
    static func round(
        _ value: TemplateValue,
        _ arguments: TemplateArguments,
        _ meter: inout TemplateMeter
    ) throws(TemplateError) -> TemplateValue {
        let bound = try arguments.bind("precision", "method")
        let method = try (bound[1] ?? .string("common")).string("round's method").text
        let precision = try (bound[0] ?? .integer(0)).integer("round's precision")
        guard let number = value.number else {
            if case .undefined(let message) = value { throw .evaluation(message) }
            throw .evaluation("round needs a number, not \(value.typeName)")
        }
        switch method {
        case "common":
            try meter.spend(32)
            if let index = value.index { return .integer(try rounded(index, precision)) }
            return .float(try rounded(number, precision))
        case "ceil", "floor":
            let power = try power(precision)
            let scaled = number * power
            guard scaled.isFinite else { throw .evaluation("round does not take so large a number") }
            // Python has no integer -0.
            return .float((scaled.rounded(method == "ceil" ? .up : .down) + 0) / power)
        default:
            throw .evaluation("round goes by 'common', 'ceil' or 'floor', not '\(method)'")
        }
    }

    /// 10 to a power, as a float that numbers can be multiplied with and divided by.
    private static func power(_ exponent: Int) throws(TemplateError) -> Double {
        guard let power = Double("1e\(exponent)"), power.isFinite, power > 0 else {
            throw .evaluation("round does not take the precision \(exponent)")
        }
        return power
    }

    /// The exact digits are rounded, not what is left of the number after a multiplication.
    private static func rounded(_ number: Double, _ precision: Int) throws(TemplateError) -> Double {
        // There are no more digits than these on either side of the point.
        guard number.isFinite, precision <= 323 else { return number }
        guard precision >= -308 else { return 0 * number }
        let digits = TemplateDecimal(number).rounded(places: precision).fixed(places: max(0, precision))
        guard let magnitude = Double(digits), magnitude.isFinite else {
            throw .evaluation("round does not take so large a number")
        }
        return Double(signOf: number, magnitudeOf: magnitude)
    }

    private static func rounded(_ number: Int, _ precision: Int) throws(TemplateError) -> Int {
        guard precision < 0 else { return number }
        // The largest integers have 19 digits.
        guard precision >= -19 else { return 0 }
        var unit: UInt = 1
        for _ in 0..<(-precision) { unit *= 10 }
        let (below, rest) = number.magnitude.quotientAndRemainder(dividingBy: unit)
        let goesUp = rest > unit - rest || rest == unit - rest && below % 2 == 1
        let (product, isOver) = (below + (goesUp ? 1 : 0)).multipliedReportingOverflow(by: unit)
        guard !isOver, let magnitude = Int(exactly: product) else { throw .limit("an integer of more than 64 bits") }
        return number < 0 ? -magnitude : magnitude
    }
}
