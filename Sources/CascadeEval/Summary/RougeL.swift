/// How much of a reference's wording a candidate has, in order: ROUGE-L.
///
/// Source: C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries" (2004), section 3.1, with beta = 1: the
/// harmonic mean of the longest common subsequence's share of the reference's and of the candidate's words.
package struct RougeL: Sendable, Equatable {
    /// The common subsequence's share of the candidate's words, in [0, 1].
    package let precision: Double
    /// The common subsequence's share of the reference's words, in [0, 1].
    package let recall: Double
    /// The harmonic mean of both: 1 for equal words (none on both sides, too), 0 for nothing in common.
    package let fMeasure: Double

    /// Compares the words of two texts; symmetric but for the names. Time grows with the product of the texts' words,
    /// memory with their sum.
    package init(candidate: String, reference: String) {
        var numbers: [String: Int] = [:]
        func numbered(_ text: String) -> [Int] {
            WordTokens.of(text).map { word in
                if let number = numbers[word] { return number }
                numbers[word] = numbers.count
                return numbers.count - 1
            }
        }
        let (candidate, reference) = (numbered(candidate), numbered(reference))
        guard !candidate.isEmpty || !reference.isEmpty else {
            (precision, recall, fMeasure) = (1, 1, 1)
            return
        }
        let common = Double(Self.commonLength(candidate, reference))
        precision = candidate.isEmpty ? 0 : common / Double(candidate.count)
        recall = reference.isEmpty ? 0 : common / Double(reference.count)
        // 2 P R / (P + R), without the division by zero.
        fMeasure = 2 * common / Double(candidate.count + reference.count)
    }

    /// The length of the longest common subsequence of two sequences.
    ///
    /// Source: R. A. Wagner and M. J. Fischer, "The string-to-string correction problem", Journal of the ACM 21 (1974);
    /// one row of the table, over the shorter sequence, is enough for the length.
    static func commonLength(_ first: [Int], _ second: [Int]) -> Int {
        let (long, short) = first.count >= second.count ? (first, second) : (second, first)
        var row = [Int](repeating: 0, count: short.count + 1)
        for item in long {
            var diagonal = 0
            for column in short.indices {
                let above = row[column + 1]
                row[column + 1] = item == short[column] ? diagonal + 1 : max(above, row[column])
                diagonal = above
            }
        }
        return row[short.count]
    }
}

/// A text's words for comparing texts: runs of letters and digits in lower case, and every other character that is no
/// space by itself.
enum WordTokens {
    static func of(_ text: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        for character in text {
            if character.isLetter || character.isNumber {
                word += character.lowercased()
                continue
            }
            if !word.isEmpty { tokens.append(word) }
            word = ""
            if !character.isWhitespace { tokens.append(String(character)) }
        }
        if !word.isEmpty { tokens.append(word) }
        return tokens
    }
}
