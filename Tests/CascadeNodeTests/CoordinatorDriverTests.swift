import CascadeCore
import CascadeStore
import CascadeTemplate
import CascadeTransport
import CascadeWire
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import CascadeCoordinator
@testable import CascadeNode

/// What the driver makes of the machine's actions, of bytes, of its side threads and of its disk: over real sockets,
/// with peers that are played.
@Suite(.timeLimit(.minutes(1))) struct CoordinatorDriverTests {
    private func verify(_ message: Message) -> Verify? { if case .verify(let verify) = message { verify } else { nil } }
    private func accepted(_ message: Message) -> Accepted? {
        if case .accepted(let accepted) = message { accepted } else { nil }
    }
    private func finished(_ message: Message) -> Finished? {
        if case .finished(let finished) = message { finished } else { nil }
    }
    private func refused(_ message: Message) -> Refused? {
        if case .refused(let refused) = message { refused } else { nil }
    }

    /// The jobs that a coordinator has.
    private func jobs(_ client: DriverPeer) async -> [JobSummary]? {
        client.send(.jobsRequest(JobsRequest(requestID: 3, limit: 10)))
        return await client.first { if case .jobList(let list) = $0 { list.jobs } else { nil } }
    }

    /// Waits until a driver has stopped, and no longer than the test may take.
    private func cause(_ reactor: Reactor) async -> StopCause {
        await withTaskCancellationHandler {
            await reactor.waitUntilStopped()
        } onCancel: {
            reactor.stop("the test's time is over")
        }
    }

    private func end(_ reactor: Reactor, _ peers: DriverPeer...) async {
        for peer in peers { await peer.close() }
        reactor.stop("done")
        await reactor.waitUntilStopped()
    }

    // MARK: Actions

    /// Sends, the tokenizer's parts, the prompt's tokens and the way back: a job from its submission to its answer.
    @Test func aJobIsAnswered() async throws {
        try await DriverStage.with { stage in
            let boots = Mutex<[UInt64]>([])
            let driver = try stage.start { boot in boots.withLock { $0.append(boot) } }
            let (client, expert) = (try stage.peer(), try stage.peer())
            let boot = try await stage.join(expert)
            #expect(boots.withLock { $0 } == [boot])
            client.send(.submit(stage.submit("Hi!")))
            let job = try #require(await client.first(accepted)).job
            let request = try #require(await expert.first(verify))
            #expect(request.prefix.tail == Array("Hi!".utf8).map(Token.init))
            #expect(request.spec?.promptLength == 3 && request.fence.sequence.job == job)
            expert.send(.verified(Verified(fence: request.fence, evidence: [], bonus: Token(UInt8(ascii: "A")))))
            let report = try #require(await client.first(finished)?.report)
            #expect(report.job == job && report.reason == .length && report.error == nil)
            #expect(report.tokens == [65] && report.text == Array("A".utf8))
            // What only the process knows.
            let status = try #require(await client.heardSoFar().status)
            func traffic(_ name: String) -> MessageTraffic? { status.traffic.first { $0.message == name } }
            #expect(traffic("submit")?.receivedMessages == 1)
            #expect(try #require(traffic("submit")?.receivedBytes) > 3)
            #expect(traffic("verify")?.sentMessages == 1 && traffic("verified")?.receivedMessages == 1)
            #expect(try #require(status.cpuMilliseconds) > 0)
            await end(driver, client, expert)
        }
    }

    /// While a prompt is being read the reactor goes on: it answers, and the job waits.
    @Test func promptsAreReadBesideTheReactor() async throws {
        try await DriverStage.with { stage in
            let reader = SideWork<CoordinatorStateMachine.Event>(label: "test.reader")
            let gate = DispatchSemaphore(value: 0)
            // However the test ends, the thread does.
            defer { gate.signal() }
            reader.run({
                gate.wait()
                return .tick
            }) {}
            let driver = try stage.start(reader: reader)
            let (client, expert) = (try stage.peer(), try stage.peer())
            _ = try await stage.join(expert)
            client.send(.submit(stage.submit("Hi!")))
            let job = try #require(await client.first(accepted)).job
            // The vocabulary is read on another thread, and only then is the prompt.
            var note: String?
            while note != "reading the prompt" {
                let list = try #require(await jobs(client))
                note = list.first { $0.job == job }?.note
            }
            let before = await expert.heardSoFar()
            #expect(!before.messages.contains { verify($0) != nil })
            #expect(before.status?.queuedJobs == 1)
            gate.signal()
            let request = try #require(await expert.first(verify))
            #expect(request.prefix.tail == Array("Hi!".utf8).map(Token.init))
            await end(driver, client, expert)
        }
    }

    /// A prompt that cannot be made tokens of ends its job with the cause.
    @Test func aPromptWithoutATemplateFails() async throws {
        try await DriverStage.with { stage in
            let driver = try stage.start()
            let (client, expert) = (try stage.peer(), try stage.peer())
            _ = try await stage.join(expert)
            var chat = stage.submit("Hi!")
            chat.format = .chat
            client.send(.submit(chat))
            let error = try #require(await client.first(finished)?.report.error)
            #expect(error.code == .badRequest && error.message.contains("the model has no chat template"))
            #expect(error.message.hasSuffix(ChatTemplates.wayOut))
            client.send(.submit(stage.submit(String(repeating: "x", count: 200), number: 8)))
            let long = try #require(await client.first(finished)?.report.error)
            #expect(long.code == .contextExceeded && long.message.contains("more than 63 tokens"), "\(long.message)")
            await end(driver, client, expert)
        }
    }

    /// Parts that do not fit together are no reason to take the right ones no more.
    @Test func aTokenizerThatComesInPiecesIsTakenAnew() async throws {
        try await DriverStage.with { stage in
            let driver = try stage.start()
            let (client, expert) = (try stage.peer(), try stage.peer())
            let chunks = try stage.chunks()
            _ = try await stage.join(expert, chunks: [chunks[1], chunks[0], chunks[0], chunks[1]])
            client.send(.submit(stage.submit("Hi!")))
            #expect(await expert.first(verify) != nil)
            await end(driver, client, expert)
        }
    }

    /// A peer that is not there any more is found out with the next send, long before its silence would tell.
    @Test func aPeerThatIsGoneIsLost() async throws {
        try await DriverStage.with { stage in
            var limits = CoordinatorLimits()
            limits.heartbeatMilliseconds = 50
            limits.missedHeartbeats = 100_000
            let driver = try stage.start(limits: limits)
            let (client, expert) = (try stage.peer(), try stage.peer())
            _ = try await stage.join(expert)
            // Once it is answered, the coordinator knows that it is ready.
            _ = await expert.heardSoFar()
            var experts = try #require(await client.heardSoFar().status).experts
            #expect(experts == 1)
            await expert.close()
            while experts > 0 { experts = try #require(await client.heardSoFar().status).experts }
            await end(driver, client)
        }
    }

    // MARK: Bytes

    /// What cannot be read is answered where an honest peer may have sent it, and does no harm otherwise.
    @Test func unreadableMessages() async throws {
        try await DriverStage.with { stage in
            let driver = try stage.start()
            let peer = try stage.peer()
            peer.send(frames: [[0xff, 0xff, 0xff], [1]])
            var drained = WireCodec.encode(.drain(Drain(boot: 1)))
            drained.append([1, 2, 3])
            peer.send(frames: drained)
            let (messages, status) = await peer.heardSoFar()
            #expect(messages.isEmpty && status != nil)
            // The first two fields are the versions.
            var later = WireCodec.encode(.statusRequest(StatusRequest(requestID: 1)))
            try #require(later[0].prefix(4) == [0x08, 1, 0x10, 1])
            later[0][1] = 99
            later[0][3] = 99
            peer.send(frames: later)
            let version = try #require(await peer.first(refused))
            #expect(version.code == .protocolVersion && version.message.contains("use the same version of cascade"))
            var submit = stage.submit("Hi!")
            submit.stop = [[UInt8]](repeating: [1], count: 65)
            peer.send(.submit(submit))
            let tooMany = try #require(await peer.first(refused))
            #expect(tooMany.code == .badRequest && tooMany.message.contains("65"), "\(tooMany.message)")
            #expect(try #require(await peer.heardSoFar().status).queuedJobs == 0)
            await end(driver, peer)
        }
    }

    // MARK: The disk

    /// A client hears of its job when it is on disk, and the reactor does not wait for that.
    @Test func clientsWaitForTheDisk() async throws {
        try await DriverStage.with { stage in
            let store = GatedStore(try stage.store())
            defer { store.open() }
            let journal = try Journal(store)
            let driver = try stage.start(journal: journal)
            let client = try stage.peer()
            store.shut()
            client.send(.submit(stage.submit("Hi!", follow: false)))
            let before = await client.heardSoFar()
            #expect(before.messages.isEmpty && before.status?.queuedJobs == 1)
            store.open()
            let job = try #require(await client.first(accepted)).job
            await end(driver, client)
            #expect(try store.load().rows.map(\.job) == [job.rawValue])
            try journal.close()
        }
    }

    /// A disk that fails ends the process with the disk's words; nobody is told anything more, and what was
    /// acknowledged is there and has not ended, although jobs end with the process otherwise.
    @Test func aDiskThatFailsEndsTheProcess() async throws {
        try await DriverStage.with { stage in
            let store = GatedStore(try stage.store())
            let journal = try Journal(store)
            let driver = try stage.start(journal: journal, endsJobs: true)
            let client = try stage.peer()
            client.send(.submit(stage.submit("Hi!", number: 1)))
            let job = try #require(await client.first(accepted)).job
            // Whoever follows a job is told where it stands.
            let delta = await client.first { if case .delta(let delta) = $0 { delta } else { nil } }
            #expect(delta?.job == job)
            store.breakDown(StoreError("the disk is on fire", mayPass: true))
            client.send(.submit(stage.submit("Hi again!", number: 2)))
            #expect(await cause(driver) == .requested("the disk is on fire"))
            #expect(throws: StoreError.self) { try journal.close() }
            try store.close()
            await client.close()
            let late = await client.first { accepted($0) != nil || finished($0) != nil ? $0 : nil }
            #expect(late == nil)

            let again = try Journal(try stage.store())
            let found = again.takeJobs()
            #expect(found.map(\.id) == [job] && found.first?.finished == nil && found.first?.damage == nil)
            try again.close()
        }
    }

    // MARK: The end

    /// What becomes of a job with the process.
    enum Keeping: CaseIterable {
        /// In memory: it ends.
        case memory
        /// In a store: it waits for the next process.
        case store
        /// In a store that nobody will open again: it ends, and that is written down first.
        case storeOfThisProcess
    }

    @Test(arguments: Keeping.allCases) func jobsAtTheEnd(_ keeping: Keeping) async throws {
        try await DriverStage.with { stage in
            let journal = keeping == .memory ? nil : try Journal(try stage.store())
            let first = try stage.start(journal: journal, endsJobs: keeping == .storeOfThisProcess)
            let client = try stage.peer()
            client.send(.submit(stage.submit("Hi!")))
            let job = try #require(await client.first(accepted)).job
            first.stop("asked to")
            if keeping != .store {
                let report = try #require(await client.first(finished)?.report)
                #expect(report.job == job && report.error?.code == .shuttingDown)
            }
            #expect(await cause(first) == .requested("asked to"))
            await client.close()
            if keeping == .store { #expect(await client.first(finished) == nil) }
            try journal?.close()
            guard keeping != .memory else { return }

            let next = try Journal(try stage.store())
            let second = try stage.start(journal: next)
            let other = try stage.peer()
            let found = try #require(await jobs(other))
            #expect(found.map(\.job) == [job])
            #expect(found.map(\.state) == [keeping == .store ? .queued : .finished])
            if keeping == .store {
                // It goes on where it was.
                let expert = try stage.peer()
                _ = try await stage.join(expert)
                let request = try #require(await expert.first(verify))
                #expect(request.fence.sequence.job == job)
                await expert.close()
            }
            await end(second, other)
            try next.close()
        }
    }
}
