import CascadeCore
import CascadeNode
import Synchronization

/// A peer that speaks the protocol as an expert and is of no use: it joins a pool with the hello of one that is well,
/// says that its passes take no time, and does harm whenever it is asked.
final class HostileExpert: Sendable {
    /// The harm.
    enum Vice: Sendable {
        /// Its answers break a rule.
        case nonsense
        /// Its connection ends, and it joins again as a new process of its name.
        case hangsUp
    }

    private struct State {
        var asked = 0
        var isDone = false
    }

    private let endpoint: String
    private let hello: Hello
    private let vice: Vice
    private let state = Mutex(State())

    /// Creates an expert named `hostile` that is otherwise as `hello` says; nothing is sent before ``run()``.
    init(endpoint: String, like hello: Hello, vice: Vice) {
        self.endpoint = endpoint
        self.vice = vice
        var hello = hello
        hello.identity.name = "hostile"
        self.hello = hello
    }

    /// How often it was asked for something.
    var asked: Int { state.withLock { $0.asked } }

    /// Lets ``run()`` end.
    func stop() { state.withLock { $0.isDone = true } }

    private var isDone: Bool { state.withLock { $0.isDone } }

    /// Joins and does harm until it is stopped.
    func run() async throws {
        var incarnation: UInt64 = 1
        while !isDone {
            let client = try ClusterClient(endpoint: endpoint)
            try await live(client, incarnation)
            await client.close()
            incarnation += 1
        }
    }

    /// One life of it.
    private func live(_ client: ClusterClient, _ incarnation: UInt64) async throws {
        var hello = hello
        hello.identity.incarnation = incarnation
        var passes: UInt64 = 0
        var isWelcome = false
        for await event in client.events {
            if isDone { return }
            switch event {
            // The name may still be that of its last life.
            case .connected, .tick: if !isWelcome { client.send(.hello(hello)) }
            case .message(.welcome(let welcome)):
                isWelcome = true
                let costs = [CostPoint(rows: 1, milliseconds: 0.001), CostPoint(rows: 64, milliseconds: 0.001)]
                client.send(.ready(Ready(boot: welcome.boot, costs: costs, credits: 8)))
            case .message(.ping(let ping)):
                passes += 1
                let progress = Progress(passes: passes, pending: 0, kvTokensUsed: 0, busyMilliseconds: 0)
                client.send(.pong(Pong(boot: ping.boot, number: ping.number, progress: progress)))
            case .message(.verify(let verify)):
                state.withLock { $0.asked += 1 }
                if vice == .hangsUp { return }
                client.send(.verified(Verified(fence: verify.fence, evidence: [], bonus: .max)))
            default: break
            }
        }
    }
}
