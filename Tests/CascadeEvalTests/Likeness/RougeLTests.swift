import CascadeTestSupport
import Testing

@testable import CascadeEval

struct RougeLTests {
    @Test(arguments: [
        ("Hello, World!", ["hello", ",", "world", "!"]), ("", []), (" \n\t", []), ("a1-b2", ["a1", "-", "b2"]),
        ("x==y", ["x", "=", "=", "y"]), ("Über Café", ["über", "café"]), ("don't", ["don", "'", "t"]),
    ])
    func words(text: String, expected: [String]) {
        #expect(WordTokens.of(text) == expected)
    }

    /// The second to fifth are the examples of Lin (2004), section 3.1: "police kill the gunman" has 3 of 4 words of
    /// the reference in order, "the gunman kill police" 2 of 4.
    @Test(arguments: [
        ("the same", "The  same", 1.0),
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5),
        ("the gunman police killed", "police killed the gunman", 0.5),
        ("", "", 1), ("a", "", 0), ("", "a", 0), ("a b", "c d", 0),
        // 2 of 2 and 2 of 6 words: 2 * 2 / 8.
        ("a c", "a b c d e f", 0.5),
    ])
    func fMeasures(candidate: String, reference: String, expected: Double) {
        #expect(RougeL(candidate: candidate, reference: reference).fMeasure == expected)
    }

    /// Lin's own formula, F = (1 + b^2) R P / (R + b^2 P) with b = 1, from the shares.
    @Test func isTheHarmonicMean() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let texts = (0..<2).map { _ in
                (0..<Int.random(in: 1...12, using: &random)).map { _ in
                    ["a", "b", "c", "d"].randomElement(using: &random) ?? "a"
                }
            }
            let rouge = RougeL(candidate: texts[0].joined(separator: " "), reference: texts[1].joined(separator: " "))
            let sum = rouge.precision + rouge.recall
            #expect(agree(rouge.fMeasure, sum == 0 ? 0 : 2 * rouge.precision * rouge.recall / sum))
            let mirrored = RougeL(
                candidate: texts[1].joined(separator: " "),
                reference: texts[0].joined(separator: " ")
            )
            #expect(mirrored.fMeasure == rouge.fMeasure && mirrored.recall == rouge.precision)
        }
    }

    /// Against every subsequence of the first, tried in the second.
    @Test func commonLengthAgreesWithEnumeration() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<300 {
            let (first, second) = (sequence(&random), sequence(&random))
            let best = (0..<(1 << first.count)).filter { mask in
                isSubsequence(first.indices.filter { mask >> $0 & 1 == 1 }.map { first[$0] }, of: second)
            }.map(\.nonzeroBitCount).max()
            #expect(RougeL.commonLength(first, second) == best)
            #expect(RougeL.commonLength(second, first) == best)
        }
    }

    private func sequence(_ random: inout SeededGenerator) -> [Int] {
        (0..<Int.random(in: 0...8, using: &random)).map { _ in Int.random(in: 0..<4, using: &random) }
    }

    private func isSubsequence(_ part: [Int], of whole: [Int]) -> Bool {
        var rest = whole[...]
        for item in part {
            guard let index = rest.firstIndex(of: item) else { return false }
            rest = rest[(index + 1)...]
        }
        return true
    }
}
