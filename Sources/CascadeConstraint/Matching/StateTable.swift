/// States that a walk has met, by number, with where each class of bytes leads from them: an automaton without stacks,
/// made as far as it is needed.
struct StateTable: Sendable {
    /// No reading is left.
    static let dead: Int32 = -1
    private static let unknown: Int32 = -2
    /// Positions in all stacks of the table, and transitions, at most.
    private static let mostWeight = 1 << 20

    let automaton: Automaton
    private(set) var states: [ConstraintState] = []
    private(set) var hasHole: [Bool] = []
    private(set) var heights: [Int] = []
    private var rows: [Int32] = []
    private var numbers: [ConstraintState: Int32] = [:]
    private var weight = 0

    init(_ automaton: Automaton) { self.automaton = automaton }

    var isFull: Bool { weight > Self.mostWeight }

    mutating func removeAll() { self = StateTable(automaton) }

    /// The number of the state; ``dead`` where it has no stacks.
    mutating func number(_ state: ConstraintState) -> Int32 {
        if state.stacks.isEmpty { return Self.dead }
        if let number = numbers[state] { return number }
        let number = Int32(states.count)
        numbers[state] = number
        states.append(state)
        hasHole.append(state.hasHole)
        heights.append(state.height)
        rows += repeatElement(Self.unknown, count: automaton.classCount)
        weight += automaton.classCount + state.stacks.reduce(0) { $0 + $1.count + 8 }
        return number
    }

    /// Where `byte` leads from the state of this number.
    @inline(__always)
    mutating func next(_ number: Int32, _ byte: UInt8) -> Int32 {
        let place = Int(number) * automaton.classCount + Int(automaton.classes[Int(byte)])
        let known = rows[place]
        return known == Self.unknown ? make(number, place) : known
    }

    @inline(never)
    private mutating func make(_ number: Int32, _ place: Int) -> Int32 {
        let classNumber = place - Int(number) * automaton.classCount
        let next = self.number(automaton.step(states[Int(number)], classNumber))
        rows[place] = next
        return next
    }
}
