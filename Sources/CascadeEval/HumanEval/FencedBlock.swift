internal import CascadeCore

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
