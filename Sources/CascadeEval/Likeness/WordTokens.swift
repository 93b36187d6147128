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
