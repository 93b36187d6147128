/// A float in decimal digits: all of them, as Python rounds what is exact, not what is shortest.
struct TemplateDecimal {
    /// From the first that is not 0; none for 0.
    private var digits: [UInt8] = []
    /// The value is 0.digits * 10^point.
    private var point = 1

    /// Limbs of a number count in this base.
    private static let base: UInt64 = 1_000_000_000

    /// The digits of a finite number, whatever its sign. They are at most 767.
    init(_ value: Double) {
        guard value != 0 else { return }
        let isNormal = value.exponentBitPattern > 0
        let significand = value.significandBitPattern | (isNormal ? 1 << 52 : 0)
        let exponent = Int(max(value.exponentBitPattern, 1)) - 1_075
        // m * 2^-n is m * 5^n / 10^n.
        var limbs = [significand % Self.base, significand / Self.base]
        Self.multiply(&limbs, by: exponent < 0 ? 5 : 2, times: Int(exponent.magnitude))
        let text = limbs.reversed().map { limb in
            let part = String(limb)
            return String(repeating: "0", count: 9 - part.count) + part
        }.joined()
        let leading = text.utf8.prefix { $0 == UInt8(ascii: "0") }.count
        digits = text.utf8.dropFirst(leading).map { $0 - UInt8(ascii: "0") }
        point = digits.count + min(exponent, 0)
    }

    /// Multiplies by a power of 2 or 5, as much of it at once as a limb has room for.
    private static func multiply(_ limbs: inout [UInt64], by factor: UInt64, times: Int) {
        var rest = times
        while rest > 0 {
            let step = min(rest, 13)
            let power = (0..<step).reduce(UInt64(1)) { product, _ in product * factor }
            rest -= step
            var carry: UInt64 = 0
            for index in limbs.indices {
                let product = limbs[index] * power + carry
                limbs[index] = product % base
                carry = product / base
            }
            while carry > 0 {
                limbs.append(carry % base)
                carry /= base
            }
        }
    }

    /// The power of ten of the first digit.
    var exponent: Int { point - 1 }

    // MARK: Rounding

    /// Rounded to so many digits behind the point, or to tens and hundreds where it is negative; half goes to the even
    /// digit.
    func rounded(places: Int) -> TemplateDecimal {
        let (count, isOver) = point.addingReportingOverflow(places)
        return isOver ? self : rounded(count: count)
    }

    /// Rounded to so many digits.
    func rounded(count: Int) -> TemplateDecimal {
        guard count < digits.count else { return self }
        var result = self
        result.digits = Array(digits.prefix(max(0, count)))
        guard count >= 0 else { return result.trimmed() }
        let isTie = digits[count] == 5 && digits[(count + 1)...].allSatisfy { $0 == 0 }
        let isOdd = count > 0 && digits[count - 1] % 2 == 1
        guard digits[count] > 5 || digits[count] == 5 && (!isTie || isOdd) else { return result.trimmed() }
        var index = count - 1
        while index >= 0, result.digits[index] == 9 {
            result.digits[index] = 0
            index -= 1
        }
        if index >= 0 {
            result.digits[index] += 1
        } else {
            result.digits = [1]
            result.point += 1
        }
        return result.trimmed()
    }

    private func trimmed() -> TemplateDecimal {
        var result = self
        while result.digits.last == 0 { result.digits.removeLast() }
        if result.digits.isEmpty { result.point = 1 }
        return result
    }

    // MARK: Text

    /// All digits in front of the point and so many behind it.
    func fixed(places: Int) -> String {
        let whole = point > 0 ? text(0..<point) : "0"
        return places > 0 ? "\(whole).\(text(point..<point + places))" : whole
    }

    /// One digit in front of the point, so many behind it, and an exponent.
    func scientific(places: Int, isUppercase: Bool) -> String {
        let fraction = places > 0 ? "." + text(1..<1 + places) : ""
        let magnitude = exponent.magnitude < 10 ? "0\(exponent.magnitude)" : "\(exponent.magnitude)"
        return text(0..<1) + fraction + (isUppercase ? "E" : "e") + (exponent < 0 ? "-" : "+") + magnitude
    }

    /// Digits of which at least one is not 0.
    var count: Int { max(1, digits.count) }

    /// The digits at some places, zeros where there are none.
    private func text(_ places: Range<Int>) -> String {
        String(
            decoding: places.map { (digits.indices.contains($0) ? digits[$0] : 0) + UInt8(ascii: "0") },
            as: UTF8.self
        )
    }
}
