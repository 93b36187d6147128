import CascadeCore
import Foundation

@testable import CascadeCoordinator

/// The tables of `Transitions.md`.
struct TransitionDocument {
    /// What a row of the table of jobs or nodes says of one state.
    struct Rule<State: Equatable, Event, Condition> {
        let row: MarkdownTable.Row
        let state: State
        let event: Event
        let condition: Condition?
        let next: State
        /// What happens, in order within each of these lists.
        var columns: [[Step]]
    }

    /// What becomes of a job that was found in the journal.
    struct Restoration {
        let row: MarkdownTable.Row
        let found: [FoundWord]
        let next: JobWord
        let records: [RecordWord]
    }

    /// What may be found of a job.
    enum FoundWord: String, CaseIterable {
        case accepted, takenUp, putDown, committed, expertDeaths, finished, forgotten
        case unreadable = "what cannot be read"
    }

    typealias JobRule = Rule<JobWord, JobEvent, JobCondition>
    typealias NodeRule = Rule<NodeWord, NodeEvent, NodeCondition>

    /// Where the columns of a job's rule are.
    static let (nodeColumn, recordColumn, clientColumn) = (0, 1, 2)

    let jobStates: [JobWord]
    let nodeStates: [NodeWord]
    /// What each event comes as.
    let jobEvents: [(event: JobEvent, stimulus: Stimulus)]
    let nodeEvents: [(event: NodeEvent, stimulus: Stimulus)]
    let jobRules: [JobRule]
    let nodeRules: [NodeRule]
    let restorations: [Restoration]

    /// The text of the document in this checkout.
    static func text() throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
            .appending(path: "Sources/CascadeCoordinator/CascadeCoordinator.docc/Transitions.md")
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// Reads a document; every table in it has to be one of those that are known, and all of those have to be there.
    init(_ text: String) throws {
        var tables: [[String]: [MarkdownTable.Row]] = [:]
        for table in try MarkdownTable.tables(in: text) { tables[table.header, default: []] += table.rows }
        func rows(_ header: String...) throws -> [MarkdownTable.Row] {
            guard let rows = tables.removeValue(forKey: header) else {
                throw MarkdownTable.Problem(description: "there is no table with the columns \(header)")
            }
            return rows
        }
        jobStates = try rows("state of a job", "meaning", "kept in").map { try $0.word($0.cells[0]) }
        nodeStates = try rows("state of a node", "meaning").map { try $0.word($0.cells[0]) }
        jobEvents = try rows("what happens to a job", "comes as").map { row in
            (try row.word(row.cells[0]), try row.code(row.cells[1]))
        }
        nodeEvents = try rows("what happens to a node", "comes as").map { row in
            (try row.word(row.cells[0]), try row.code(row.cells[1]))
        }
        jobRules = try Self.rules(
            rows("job: what happens", "state", "if", "next state", "to nodes and driver", "records", "to clients")
        ) { row in
            let clients = try row.list(6).map { Step.send(try row.code($0, as: MessageWord.self).kind, to: .client) }
            let records = try row.list(5).map { Step.record(try row.code($0)) }
            return [try row.list(4).map { try Step($0, of: row) }, records, clients]
        }
        nodeRules = try Self.rules(rows("node: what happens", "state", "if", "next state", "what is done")) { row in
            [try row.list(4).map { try Step($0, of: row) }]
        }
        restorations = try rows("found in the journal", "next state", "written").map { row in
            Restoration(
                row: row,
                found: try row.list(0).map { try row.word($0) },
                next: try row.word(row.cells[1]),
                records: try row.list(2).map { try row.code($0) }
            )
        }
        if let other = tables.keys.first {
            throw MarkdownTable.Problem(description: "nobody knows the table with the columns \(other)")
        }
    }

    /// One rule for each state that a row is about. The first cells are the event, the states, the condition and the
    /// next state.
    private static func rules<State, Event, Condition>(
        _ rows: [MarkdownTable.Row],
        columns: (MarkdownTable.Row) throws -> [[Step]]
    ) throws -> [Rule<State, Event, Condition>]
    where
        State: CaseIterable & Equatable & RawRepresentable<String>, Event: RawRepresentable<String>,
        Condition: RawRepresentable<String>
    {
        var named: [String: [State]] = [:]
        for row in rows { named[row.cells[0], default: []] += try states(row, but: []) }
        return try rows.flatMap { row in
            let (event, steps): (Event, [[Step]]) = (try row.word(row.cells[0]), try columns(row))
            let condition: Condition? = try row.cells[2].isEmpty ? nil : row.word(row.cells[2])
            let next: State? = try row.cells[3] == "same" ? nil : row.word(row.cells[3])
            let isRest = row.cells[1] == "every other"
            let states: [State] = try Self.states(row, but: isRest ? named[row.cells[0]] ?? [] : [])
            guard !states.isEmpty else {
                throw MarkdownTable.Problem(description: "a row for no state: \(row.text)")
            }
            return states.map { state in
                Rule(
                    row: row,
                    state: state,
                    event: event,
                    condition: condition,
                    next: next ?? state,
                    columns: steps
                )
            }
        }
    }

    /// The states that a row names; where it is about every other one, those that are not in `others`, and none where
    /// there are no others to be different from.
    private static func states<State: CaseIterable & Equatable & RawRepresentable<String>>(
        _ row: MarkdownTable.Row,
        but others: [State]
    ) throws -> [State] {
        switch row.cells[1] {
        case "every": return Array(State.allCases)
        case "every other": return others.isEmpty ? [] : State.allCases.filter { !others.contains($0) }
        default: return try row.list(1).map { try row.word($0) }
        }
    }
}

extension TransitionDocument.Rule where Event: RawRepresentable<String>, State: RawRepresentable<String> {
    /// What is different from what happened; the row's text comes with each.
    func problems(next: State, columns found: [[Step]]) -> [String] {
        var problems: [String] = []
        if next != self.next {
            problems.append("from \(state.rawValue) to \(next.rawValue): \(row.text)")
        }
        for (expected, found) in zip(columns, found) where found.comparable(with: expected) != expected {
            problems.append("in \(state.rawValue) it does \(found.comparable(with: expected)): \(row.text)")
        }
        return problems
    }
}
