/// The few transcendental functions of the pure side, in double precision from + - * / alone.
///
/// Two C libraries (and two vector units) disagree in the last bits of a logarithm, and one bit decides which token
/// wins a race. These functions use only operations that IEEE 754 rounds exactly, in a fixed order, so every host
/// computes the same bits. They are within 2 ulp of the C library's over the whole range, subnormal numbers included.
package enum Math {
    // ln 2 = ln2High + ln2Low. The high part ends in 21 zero bits, so its product with any binary exponent is exact.
    private static let ln2High = 0x1.62e4_2fee_p-1
    private static let ln2Low = 0x1.a39e_f357_93c7_6p-33

    /// Natural logarithm: -infinity at 0, NaN below.
    package static func log(_ x: Double) -> Double {
        guard x > 0 else { return x == 0 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        var mantissa = x.significand  // in [1, 2), of subnormal numbers too
        var exponent = Double(x.exponent)
        if mantissa > 1.414_213_562_373_095 {
            mantissa *= 0.5
            exponent += 1
        }
        return logarithm(excess: mantissa - 1, exponent: exponent, correction: 0)
    }

    /// ln(1 + x), without the loss of digits that `log(1 + x)` suffers for small x: -infinity at -1, NaN below.
    package static func log1p(_ x: Double) -> Double {
        guard x > -1 else { return x == -1 ? -.infinity : .nan }
        guard x < .infinity else { return x }
        if x > -0.29, x < 0.41 {
            return logarithm(excess: x, exponent: 0, correction: 0)
        }
        let sum = 1 + x
        // What rounding took from the sum, relative to the sum; added back to the logarithm to first order.
        let lost = (x > 1 ? 1 - (sum - x) : x - (sum - 1)) / sum
        var mantissa = sum.significand
        var exponent = Double(sum.exponent)
        if mantissa > 1.414_213_562_373_095 {
            mantissa *= 0.5
            exponent += 1
        }
        return logarithm(excess: mantissa - 1, exponent: exponent, correction: lost)
    }

    /// e to the power of x.
    package static func exp(_ x: Double) -> Double {
        guard x == x else { return x }
        guard x < 709.79 else { return .infinity }
        guard x > -745.14 else { return 0 }
        // x = k ln 2 + r with |r| <= ln 2 / 2; the Taylor series of e^r to r^13 leaves less than 2^-57.
        let k = Int(x * 0x1.7154_7652_b82f_ep0 + (x < 0 ? -0.5 : 0.5))
        let high = x - Double(k) * ln2High
        let low = Double(k) * ln2Low
        let r = high - low
        let rest = (high - r) - low
        var tail = 1.0 / 6_227_020_800
        tail = tail * r + 1.0 / 479_001_600
        tail = tail * r + 1.0 / 39_916_800
        tail = tail * r + 1.0 / 3_628_800
        tail = tail * r + 1.0 / 362_880
        tail = tail * r + 1.0 / 40_320
        tail = tail * r + 1.0 / 5_040
        tail = tail * r + 1.0 / 720
        tail = tail * r + 1.0 / 120
        tail = tail * r + 1.0 / 24
        tail = tail * r + 1.0 / 6
        tail = tail * r + 1.0 / 2
        let power = 1 + (r + (rest + r * r * tail))
        // Two steps, so that neither factor overflows and a subnormal result is rounded once.
        let half = k / 2
        return power * powerOfTwo(half) * powerOfTwo(k - half)
    }

    /// 2^k for a normal result.
    private static func powerOfTwo(_ k: Int) -> Double {
        Double(bitPattern: UInt64(1023 + k) << 52)
    }

    /// exponent * ln 2 + ln(1 + f) + correction, for f between sqrt(1/2) - 1 and sqrt(2) - 1.
    ///
    /// With s = f / (2 + f), ln(1 + f) = 2 artanh(s) = 2s + s R, where R = 2 s^2 / 3 + 2 s^4 / 5 + ...; because
    /// 2s = f - s f this equals f - (f^2 / 2 - s (f^2 / 2 + R)), whose leading term is exact.
    private static func logarithm(excess f: Double, exponent: Double, correction: Double) -> Double {
        let s = f / (2 + f)
        let z = s * s
        // |s| <= 0.1716: the first term left out is below 2^-60 of the result.
        var series = 2.0 / 23
        series = series * z + 2.0 / 21
        series = series * z + 2.0 / 19
        series = series * z + 2.0 / 17
        series = series * z + 2.0 / 15
        series = series * z + 2.0 / 13
        series = series * z + 2.0 / 11
        series = series * z + 2.0 / 9
        series = series * z + 2.0 / 7
        series = series * z + 2.0 / 5
        series = series * z + 2.0 / 3
        let half = 0.5 * f * f
        let small = s * (half + series * z)
        if exponent == 0 { return f - (half - (small + correction)) }
        return exponent * ln2High - ((half - (small + (exponent * ln2Low + correction))) - f)
    }
}
