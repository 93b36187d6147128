internal import CascadeCore

/// Asks a chat model for the answer to a HumanEval problem, and makes the program that tests it.
package enum CodeAnswer {
    /// What a chat model is asked.
    package static func question(_ problem: HumanEvalProblem) -> String {
        """
        Complete this Python function. Answer with the whole function, with its imports, in one code block.

        ```python
        \(problem.prompt.hasSuffix("\n") ? String(problem.prompt.dropLast()) : problem.prompt)
        ```
        """
    }

    /// The Python program that passes if and only if it runs to its end without an exception.
    ///
    /// - The code is the first fenced block that defines the entry point; else what stands before the first fence, if
    ///   that defines it (an answer that goes on in a block which its prompt opened); else the first fenced block; else
    ///   the whole answer.
    /// - Code that defines the entry point stands for itself, behind the imports and helpers of the prompt that come
    ///   before the entry point: the test may need them, and what the answer defines anew stands later and wins. Other
    ///   code continues the prompt.
    /// - The problem's test and `check(entry_point)` follow, as in Chen et al. (2021), section 2.
    package static func program(problem: HumanEvalProblem, answer: String) -> String {
        let code = code(of: answer, entryPoint: problem.entryPoint)
        let solution: String
        if definition(of: problem.entryPoint, in: code) != nil {
            let header = definition(of: problem.entryPoint, in: problem.prompt).map { problem.prompt[..<$0] } ?? ""
            let (future, rest) = splitFutureImports(code)
            solution = future + header + "\n" + rest
        } else {
            solution = problem.prompt + (problem.prompt.hasSuffix("\n") ? "" : "\n") + code
        }
        return "\(solution)\n\(problem.test)\ncheck(\(problem.entryPoint))\n"
    }

    /// The part of `answer` that is code.
    static func code(of answer: String, entryPoint: String) -> String {
        // A carriage return before a newline is one character with it in Swift, and no line's end here.
        let answer = answer.replacing("\r\n", with: "\n")
        let blocks = FencedBlock.all(in: answer)
        guard let first = blocks.first else { return answer }
        if let block = blocks.first(where: { definition(of: entryPoint, in: $0.code) != nil }) { return block.code }
        let before = String(answer[..<first.start])
        return definition(of: entryPoint, in: before) == nil ? first.code : before
    }

    /// Where the line starts that defines the function `name` at the top level of `source`.
    private static func definition(of name: String, in source: String) -> String.Index? {
        TextLines.split(source).first { line in
            var rest = line
            if rest.hasPrefix("async ") { rest = rest.dropFirst(6).drop { $0 == " " } }
            guard rest.hasPrefix("def ") else { return false }
            rest = rest.dropFirst(4).drop { $0 == " " }
            return rest.hasPrefix(name) && rest.dropFirst(name.count).first { $0 != " " } == "("
        }?.startIndex
    }

    /// Python allows `from __future__` only before everything else, and the prompt's header is put before the code.
    private static func splitFutureImports(_ code: String) -> (future: String, rest: String) {
        let lines = TextLines.split(code)
        let future = lines.filter { $0.hasPrefix("from __future__ import ") }
        guard !future.isEmpty else { return ("", code) }
        let rest = lines.filter { !$0.hasPrefix("from __future__ import ") }
        return (future.map { $0 + "\n" }.joined(), rest.joined(separator: "\n"))
    }
}

/// A fenced code block of Markdown (CommonMark 0.31, section 4.5): lines between fences of at least three ` or ~.
struct FencedBlock: Equatable {
    /// What stands between the fences, without the opening fence's indentation.
    let code: String
    /// What stands behind the opening fence, such as `python`.
    let info: String
    /// Where the opening fence's line starts.
    let start: String.Index

    /// The blocks of `text` in order. A block without a closing fence goes to the end of the text: an answer that was
    /// cut at its length limit.
    static func all(in text: String) -> [FencedBlock] {
        var blocks: [FencedBlock] = []
        var open: (fence: Fence, start: String.Index, lines: [Substring])?
        for line in TextLines.split(text) {
            let fence = Fence(line)
            if let current = open {
                if let fence, fence.closes(current.fence) {
                    blocks.append(block(current))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if let fence {
                open = (fence, line.startIndex, [])
            }
        }
        if let open { blocks.append(block(open)) }
        return blocks
    }

    private static func block(_ open: (fence: Fence, start: String.Index, lines: [Substring])) -> FencedBlock {
        // Fences inside list items are indented with their code. CommonMark removes as many blanks as the fence has.
        let lines = open.lines.map { line in
            line.dropFirst(min(open.fence.indentation, line.prefix { $0 == " " || $0 == "\t" }.count))
        }
        return FencedBlock(code: lines.joined(separator: "\n"), info: open.fence.info, start: open.start)
    }
}

/// A line that opens or closes a block.
private struct Fence {
    let indentation: Int
    let mark: Character
    let length: Int
    let info: String

    init?(_ line: Substring) {
        let body = line.drop { $0 == " " || $0 == "\t" }
        guard let mark = body.first, mark == "`" || mark == "~" else { return nil }
        let length = body.prefix { $0 == mark }.count
        let rest = body.dropFirst(length)
        // A backtick behind the marks makes it inline code.
        guard length >= 3, mark == "~" || !rest.contains("`") else { return nil }
        indentation = line.distance(from: line.startIndex, to: body.startIndex)
        self.mark = mark
        self.length = length
        info = String(rest.split(separator: " ").joined(separator: " "))
    }

    func closes(_ opening: Fence) -> Bool {
        mark == opening.mark && length >= opening.length && info.isEmpty
    }
}
