/// Whether two numbers agree to `tolerance`, relative to the larger of 1 and `expected`.
func agree(_ value: Double, _ expected: Double, _ tolerance: Double = 1e-10) -> Bool {
    abs(value - expected) <= tolerance * max(1, abs(expected))
}
