package import CascadeCoordinator
package import CascadeCore

/// How often each fault, message type and transition occurred. What never occurred was not tested.
package struct Coverage: Sendable {
    private var faults = [Int](repeating: 0, count: Fault.allCases.count)
    /// By the kinds' numbers.
    private var messages = [Int](repeating: 0, count: 1 + Int(MessageKind.allCases.map(\.rawValue).max() ?? 0))
    /// What happened inside the coordinators.
    package var transitions = TransitionCounts()

    /// Creates counts of zero.
    package init() {}

    mutating func count(_ fault: Fault) { faults[fault.rawValue] += 1 }
    mutating func count(_ message: MessageKind) { messages[Int(message.rawValue)] += 1 }

    mutating func add(_ other: Coverage) {
        for index in faults.indices { faults[index] += other.faults[index] }
        for index in messages.indices { messages[index] += other.messages[index] }
        transitions.add(other.transitions)
    }

    /// How often a fault occurred.
    package subscript(fault: Fault) -> Int { faults[fault.rawValue] }
    /// How often a message arrived.
    package subscript(message: MessageKind) -> Int { messages[Int(message.rawValue)] }

    /// Names of what never occurred.
    package var missing: [String] {
        Fault.allCases.filter { self[$0] == 0 }.map { "fault \($0)" }
            + MessageKind.allCases.filter { self[$0] == 0 }.map { "message \($0)" }
            + Transition.allCases.filter { transitions[$0] == 0 }.map { "transition \($0)" }
    }

    /// A line for each kind of thing.
    package var lines: [String] {
        [
            "faults: " + Fault.allCases.map { "\($0) \(self[$0])" }.joined(separator: ", "),
            "messages: " + MessageKind.allCases.map { "\($0) \(self[$0])" }.joined(separator: ", "),
            "transitions: " + Transition.allCases.map { "\($0) \(transitions[$0])" }.joined(separator: ", "),
        ]
    }
}
