import CascadeTestSupport
import Foundation

/// Commands of a page of the guide as a reader of it types them.
struct GuideCommands {
    /// A command and the machine that a comment above it names: `# on A: …`.
    struct Step: Equatable {
        var machine: String
        /// The line's words, without what stands behind a `#`.
        var words: [String]
    }

    /// The fenced blocks of a section, in order.
    var blocks: [[Step]] = []

    /// Reads the section of that title on a page of `deploy/guide`.
    init(page: String, section title: String) throws {
        let root = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "deploy/guide/\(page)")
        var (isInside, isFenced, machine) = (false, false, "")
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("```") {
                isFenced.toggle()
                if isInside, isFenced { blocks.append([]) }
            } else if !isFenced, line.hasPrefix("#") {
                isInside = line.drop { $0 == "#" } == " \(title)"
            } else if isInside, isFenced {
                if line.hasPrefix("# on ") {
                    machine = String(line.dropFirst(5).prefix { $0.isLetter })
                } else {
                    let words = line.prefix { $0 != "#" }.split(separator: " ").map(String.init)
                    if !words.isEmpty { blocks[blocks.count - 1].append(Step(machine: machine, words: words)) }
                }
            }
        }
    }
}
