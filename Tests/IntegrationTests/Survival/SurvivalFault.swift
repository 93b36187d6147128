import CascadeTestSupport

/// Something that goes wrong in a ``SurvivalCluster``, for a while; the numbers are those of the list of faults that
/// the tests are named after.
enum SurvivalFault: Equatable, Sendable {
    // MARK: Processes

    /// F1: gone at once; started again at the end.
    case kill(Member)
    /// F1, I7: no drafter is left; both are started again at the end.
    case killBothDrafters
    /// F1, F30: a client goes without a word, and its job with nobody who listens.
    case killClient(Int)
    /// F3: stands still.
    case stop(Member)
    /// F29: a client that reads nothing.
    case stopClient(Int)
    /// F4: is asked to leave while it works; another is started at the end.
    case drain(Member)
    /// F5: dies of a trap in the thread that computes.
    case crash(Member)
    /// F7: the thread that computes stands still, the one that answers pings does not.
    case freezeEngine(Member)
    /// F16: the coordinator dies and comes back elsewhere.
    case moveCoordinator
    /// F34: gets a twentieth of its time.
    case slow(Member)

    // MARK: The network, at one member's or client's link

    /// F8, F10: nothing comes through, one way or both (nil), and nobody is told.
    case cut(Place, FaultProxy.Direction?)
    /// F8: the same, but what was sent is lost for good.
    case swallow(Place, FaultProxy.Direction)
    /// F9
    case reset(Place)
    /// F11, F18: late, by a time of its own for each piece; milliseconds.
    case latency(Place, Int)
    /// F12: kilobytes per second.
    case narrow(Place, Int)
    /// F13: 1 to 7 bytes at a time.
    case slice(Place)
    /// F14: connections end after so many bytes.
    case cutInTheMiddle(Place, Int)
    /// F15: there and not there; milliseconds.
    case flap(Place, Int)
    /// Ends of connections are heard of late; milliseconds.
    case closeSlowly(Place, Int)
    /// Nobody listens there.
    case goDown(Place)

    /// Where a link is: at a member other than the coordinator, or at a client.
    enum Place: Equatable, Sendable {
        case member(Member)
        case client(Int)
    }
}

extension SurvivalFault {
    /// The members that it ends.
    var victims: Set<Member> {
        switch self {
        case .kill(let member), .drain(let member), .crash(let member): [member]
        case .killBothDrafters: Set(Member.drafters)
        case .moveCoordinator: [.coordinator]
        default: []
        }
    }
}

extension SurvivalFault: CustomStringConvertible {
    var description: String {
        switch self {
        case .kill(let member): "kill \(member)"
        case .killBothDrafters: "kill both drafters"
        case .killClient(let number): "kill client \(number)"
        case .stop(let member): "stop \(member)"
        case .stopClient(let number): "stop client \(number)"
        case .drain(let member): "drain \(member)"
        case .crash(let member): "a trap in \(member)'s engine"
        case .freezeEngine(let member): "freeze \(member)'s engine"
        case .moveCoordinator: "kill the coordinator, start it elsewhere"
        case .slow(let member): "\(member) gets a twentieth of its time"
        case .cut(let place, let direction): "cut \(place) \(Self.name(direction))"
        case .swallow(let place, let direction): "swallow what \(place) \(Self.name(direction))"
        case .reset(let place): "reset \(place)"
        case .latency(let place, let milliseconds): "\(place) late by \(milliseconds) to \(2 * milliseconds) ms"
        case .narrow(let place, let kilobytes): "\(place) at \(kilobytes) kB/s"
        case .slice(let place): "\(place) in slices"
        case .cutInTheMiddle(let place, let bytes): "\(place) ends every \(bytes) bytes"
        case .flap(let place, let milliseconds): "\(place) flaps every \(milliseconds) ms"
        case .closeSlowly(let place, let milliseconds): "\(place) closes \(milliseconds) ms late"
        case .goDown(let place): "\(place) is down"
        }
    }

    private static func name(_ direction: FaultProxy.Direction?) -> String {
        switch direction {
        case .toServer: "says"
        case .toClient: "is told"
        case nil: "off both ways"
        }
    }
}

extension SurvivalFault.Place: CustomStringConvertible {
    var description: String {
        switch self {
        case .member(let member): "\(member)"
        case .client(let number): "client \(number)"
        }
    }
}

/// A process of a ``SurvivalCluster`` that is no client.
enum Member: String, CaseIterable, Sendable {
    case coordinator
    case firstDrafter = "drafter-1"
    case secondDrafter = "drafter-2"
    case firstExpert = "expert-1"
    case secondExpert = "expert-2"

    static let drafters = [firstDrafter, secondDrafter]
    static let experts = [firstExpert, secondExpert]
    static let nodes = drafters + experts
}

extension Member: CustomStringConvertible {
    var description: String { rawValue }
}
