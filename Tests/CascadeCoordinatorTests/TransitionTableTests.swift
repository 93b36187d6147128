import CascadeCore
import Testing

@testable import CascadeCoordinator

/// `Transitions.md`, read from there: every row is true of a coordinator, and nothing is without a row.
struct TransitionTableTests {
    private let document: TransitionDocument

    init() throws {
        document = try TransitionDocument(TransitionDocument.text())
    }

    // MARK: Rows

    @Test func rowsOfJobsAreTrue() {
        for rule in document.jobRules {
            for keepsJournal in journals(rule.condition) {
                for problem in Self.problems(of: rule, keepsJournal: keepsJournal) { Issue.record("\(problem)") }
            }
        }
    }

    @Test func rowsOfNodesAreTrue() {
        for rule in document.nodeRules {
            for problem in Self.problems(of: rule) { Issue.record("\(problem)") }
        }
    }

    @Test func rowsOfTheJournalAreTrue() throws {
        for row in document.restorations {
            for problem in try Self.problems(of: row) { Issue.record("\(problem)") }
        }
    }

    /// With a journal and without, unless a row is about one of the two.
    private func journals(_ condition: JobCondition?) -> [Bool] {
        condition?.keepsJournal.map { [$0] } ?? [false, true]
    }

    private static func problems(of rule: TransitionDocument.JobRule, keepsJournal: Bool) -> [String] {
        var scene = JobScene(rule.state, rule.condition, for: rule.event, keepsJournal: keepsJournal)
        let reached = JobWord(of: scene.job, in: scene.harness.machine)
        guard reached == rule.state else {
            return ["no way into \(rule.state.rawValue), only into \(reached.rawValue): \(rule.row.text)"]
        }
        let outcome = scene.play(rule.event, rule.condition)
        var expected = rule
        if !keepsJournal { expected.columns[TransitionDocument.recordColumn] = [] }
        let rash = outcome.rash.map { "\($0) before it is on disk: \(rule.row.text)" }
        return expected.problems(next: outcome.next, columns: outcome.columns) + rash
    }

    private static func problems(of rule: TransitionDocument.NodeRule) -> [String] {
        var scene = NodeScene(rule.state)
        guard scene.state == rule.state else { return ["no way into \(rule.state.rawValue): \(rule.row.text)"] }
        let (next, steps) = scene.play(rule.event, rule.condition)
        return rule.problems(next: next, columns: [steps])
    }

    private static func problems(of row: TransitionDocument.Restoration) throws -> [String] {
        // A job that has come so far that it has a record of each kind, apart from that it was forgotten.
        var scene = JobScene(.idle, nil, for: .jobsEnd, keepsJournal: true)
        _ = scene.play(.jobsEnd, nil)
        let later: [JournalRecord.Entry] = [
            .putDown, .expertDeaths([NodeIdentity(name: "expert", incarnation: 1)]), .forgotten,
        ]
        let job = scene.job
        let written = scene.harness.records + later.map { JournalRecord(job: job, entry: $0) }
        let records = try row.found.filter { $0 != .unreadable }.map { word in
            try #require(written.first { RecordWord($0).rawValue == word.rawValue }, "no record: \(row.row.text)")
        }
        let damaged = row.found.contains(.unreadable) ? [job: "a record cannot be read"] : [:]
        var harness = Harness(keepsJournal: true)
        harness.feed(.restored(JournaledJob.jobs(records, damaged: damaged)))
        let next = JobWord(of: job, in: harness.machine)
        let found = harness.records.map(RecordWord.init)
        return (next == row.next ? [] : ["becomes \(next.rawValue): \(row.row.text)"])
            + (found == row.records ? [] : ["writes \(found.map(\.rawValue)): \(row.row.text)"])
    }

    // MARK: Nothing is left out

    @Test func everyStateAndEventIsExplained() {
        #expect(document.jobStates == JobWord.allCases)
        #expect(document.nodeStates == NodeWord.allCases)
        #expect(document.jobEvents.map { $0.event } == JobEvent.allCases)
        #expect(document.nodeEvents.map { $0.event } == NodeEvent.allCases)
    }

    @Test func everyStateMeetsEveryEvent() {
        for (state, event) in Self.pairs(JobWord.self, JobEvent.self) {
            let rules = document.jobRules.filter { $0.state == state && $0.event == event }
            let conditions = rules.map(\.condition)
            #expect(
                Self.isComplete(conditions, JobCondition.alternatives),
                "\(state.rawValue), \(event.rawValue): \(conditions) in \(rules.map(\.row.text))"
            )
        }
        for (state, event) in Self.pairs(NodeWord.self, NodeEvent.self) {
            let rules = document.nodeRules.filter { $0.state == state && $0.event == event }
            let conditions = rules.map(\.condition)
            #expect(
                Self.isComplete(conditions, NodeCondition.alternatives),
                "\(state.rawValue), \(event.rawValue): \(conditions) in \(rules.map(\.row.text))"
            )
        }
        let found = Set(document.restorations.flatMap(\.found))
        #expect(found == Set(TransitionDocument.FoundWord.allCases))
    }

    private static func pairs<State: CaseIterable, Event: CaseIterable>(
        _: State.Type,
        _: Event.Type
    ) -> [(State, Event)] {
        State.allCases.flatMap { state in Event.allCases.map { (state, $0) } }
    }

    /// Whether rows of one state and event are about all that may be the case, and about nothing twice.
    private static func isComplete<Condition: Hashable>(
        _ conditions: [Condition?],
        _ alternatives: [Set<Condition>]
    ) -> Bool {
        let named = conditions.compactMap(\.self)
        guard named.count == conditions.count else { return conditions.count == 1 }
        return named.count == Set(named).count && alternatives.contains(Set(named))
    }

    /// What a coordinator can be fed has an event in the tables, and each event is what they say that it comes as.
    @Test func whateverComesHasAnEvent() {
        var fed: Set<Stimulus> = [.driver(.restored)]
        for (event, stimulus) in document.jobEvents {
            var scene = JobScene(.drafting, nil, for: event, keepsJournal: false)
            _ = scene.play(event, nil)
            #expect(scene.stimulus == stimulus, "\(event.rawValue)")
            fed.insert(stimulus)
        }
        for (event, stimulus) in document.nodeEvents {
            var scene = NodeScene(.ready)
            _ = scene.play(event, nil)
            #expect(scene.stimulus == stimulus, "\(event.rawValue)")
            fed.insert(stimulus)
        }
        let events = Stimulus.DriverEvent.allCases.map(Stimulus.driver)
        #expect(fed.isSuperset(of: MessageWord.received.map(Stimulus.message) + events))
    }

    // MARK: Wrong tables

    /// The comparison sees a wrong next state, an action too many and one too few, in each row and each column.
    @Test func aWrongRowFails() {
        for rule in document.jobRules {
            let keepsJournal = rule.condition?.keepsJournal ?? true
            var wrong = TransitionDocument.JobRule(
                row: rule.row,
                state: rule.state,
                event: rule.event,
                condition: rule.condition,
                next: rule.next == .idle ? .unknown : .idle,
                columns: rule.columns
            )
            #expect(!Self.problems(of: wrong, keepsJournal: keepsJournal).isEmpty, "\(rule.row.text)")
            for column in rule.columns.indices where column != TransitionDocument.recordColumn || keepsJournal {
                wrong = rule
                wrong.columns[column].append(.send(.welcome, to: .stranger))
                #expect(!Self.problems(of: wrong, keepsJournal: keepsJournal).isEmpty, "\(rule.row.text)")
                guard !rule.columns[column].filter({ !$0.isLog }).isEmpty else { continue }
                wrong.columns[column] = Array(rule.columns[column].dropFirst())
                #expect(!Self.problems(of: wrong, keepsJournal: keepsJournal).isEmpty, "\(rule.row.text)")
            }
        }
    }

    @Test(arguments: [
        ("| a draft arrives | drafting |", "| a draft arrives | sketching |"),
        ("| a draft arrives | drafting |", "| a draft comes | drafting |"),
        ("| the answer goes on |", "| the answer is long |"),
        ("| `draft` to drafter |", "| `sketch` to drafter |"),
        ("| `draft` to drafter |", "| `draft` to nobody |"),
        ("| `draft` to drafter |", "| `draft` drafter |"),
        ("| `committed` | `delta` |", "| committed | `delta` |"),
        ("| `committed` | `delta` |", "| `committed` |"),
        ("| log warning, `refused` to node |", "| log a warning, `refused` to node |"),
        ("| found in the journal |", "| in the journal |"),
        ("| the client is lost | every |", "| the client is lost | every other |"),
        ("\n| the client is lost | every |", "\n the client is lost | every |"),
        ("|---|---|---|\n| accepted |", "| accepted |"),
    ])
    func whatIsNotUnderstoodIsRefused(right: String, wrong: String) throws {
        let text = try TransitionDocument.text()
        #expect(text.contains(right))
        #expect(throws: MarkdownTable.Problem.self) {
            try TransitionDocument(text.replacing(right, with: wrong))
        }
    }
}
