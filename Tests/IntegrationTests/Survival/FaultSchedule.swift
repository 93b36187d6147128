import CascadeTestSupport

/// Faults by a seed: the same seed gives the same ones, in the same order and with the same times.
struct FaultSchedule: Sequence, IteratorProtocol {
    /// One of them.
    struct Entry: Equatable, Sendable {
        /// Seconds of peace before it.
        var pause: Double
        var fault: SurvivalFault
        /// How long it lasts.
        var seconds: Double
    }

    /// What may go wrong.
    enum Scope: Sendable {
        case everything
        /// Nothing that takes a draft away, so that rejection sampling must give the same bytes too (guarantee G4).
        case expertsOnly
    }

    private let scope: Scope
    private let clients: Int
    private let pause: ClosedRange<Double>
    private let longest: Double
    private var draws: SeededGenerator
    /// Those that do not die: a fault that would end one of them is left out.
    var immortal: Set<Member> = []

    /// - Parameters:
    ///   - pause: seconds between two faults.
    ///   - longest: seconds of the longest fault.
    init(seed: UInt64, scope: Scope, clients: Int, pause: ClosedRange<Double>, longest: Double) {
        self.scope = scope
        self.clients = clients
        self.pause = pause
        self.longest = longest
        draws = SeededGenerator(seed: seed)
    }

    mutating func next() -> Entry? {
        let pause = Double.random(in: pause, using: &draws)
        var fault = scope == .expertsOnly ? expertFault() : anyFault()
        while !fault.victims.isDisjoint(with: immortal) { fault = scope == .expertsOnly ? expertFault() : anyFault() }
        // Most are short; some are as long as may be.
        let share = Double.random(in: 0...1, using: &draws)
        return Entry(pause: pause, fault: fault, seconds: 0.2 + (longest - 0.2) * share * share * share)
    }

    private mutating func pick<Choices: Collection>(_ choices: Choices) -> Choices.Element {
        // None of the collections here is empty.
        choices.randomElement(using: &draws)!
    }

    private mutating func expertFault() -> SurvivalFault {
        let expert = pick(Member.experts)
        switch Int.random(in: 0..<6, using: &draws) {
        case 0: return .kill(expert)
        case 1: return .stop(expert)
        case 2: return .crash(expert)
        case 3: return .slow(expert)
        case 4: return .drain(expert)
        default: return networkFault(.member(expert))
        }
    }

    private mutating func anyFault() -> SurvivalFault {
        let node = pick(Member.nodes)
        let client = Int.random(in: 0..<clients, using: &draws)
        switch Int.random(in: 0..<20, using: &draws) {
        case 0...2: return .kill(node)
        case 3: return .kill(.coordinator)
        case 4: return .moveCoordinator
        case 5: return .killBothDrafters
        case 6, 7: return .stop(pick(Member.allCases))
        case 8: return .drain(node)
        case 9: return .crash(node)
        case 10: return .freezeEngine(node)
        case 11: return .slow(node)
        case 12: return .killClient(client)
        case 13: return .stopClient(client)
        case 14, 15: return networkFault(.client(client))
        default: return networkFault(.member(node))
        }
    }

    private mutating func networkFault(_ place: SurvivalFault.Place) -> SurvivalFault {
        let direction = pick(FaultProxy.Direction.allCases)
        switch Int.random(in: 0..<12, using: &draws) {
        case 0: return .cut(place, nil)
        case 1: return .cut(place, direction)
        case 2: return .swallow(place, direction)
        case 3, 4: return .reset(place)
        case 5: return .latency(place, pick([1, 20, 200]))
        case 6: return .narrow(place, pick([16, 128, 1_250]))
        case 7: return .slice(place)
        case 8: return .cutInTheMiddle(place, Int.random(in: 1...5_000, using: &draws))
        case 9: return .flap(place, 300)
        case 10: return .closeSlowly(place, 500)
        default: return .goDown(place)
        }
    }
}
